import { describe, expect, it } from 'vitest'
import { withSections } from './results.js'

describe('withSections', () => {
  const results = '# Results\n\nOf one machine.\n\n## One\n\n1\n\n## Two\n\n2\n'

  it('replaces a section by its heading, and leaves the others', () => {
    expect(withSections(results, ['## One\n\nnew\n'])).toBe(results.replace('1\n', 'new\n'))
  })

  it('puts a new one last', () => {
    expect(withSections(results, ['## Three\n\n3\n'])).toBe(`${results}\n## Three\n\n3\n`)
  })

  it('keeps what stands by hand behind the line that says when it was measured, again and again', () => {
    const byHand = 'Where the time goes: the group commits.\n\nSeen twice.'
    const of = (day: string, figure: string): string => `## One\n\n${figure}\n\nMeasured on ${day}; in quiet.\n`
    const before = `# Results\n\n${of('Monday', '1')}\n${byHand}\n\n## Two\n\n2\n`
    const after = before.replace(of('Monday', '1'), of('Tuesday', '7'))
    const once = withSections(before, [of('Tuesday', '7')])
    expect(once).toBe(after)
    expect(withSections(once, [of('Tuesday', '7')])).toBe(after)
  })
})
