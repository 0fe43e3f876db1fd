import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Prompt } from '../../../client/cli/print/prompt.js'
import { until } from '../../support/wait.js'

function open(label = (): string => 'C1 frontend › ') {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const lines: string[] = []
  let hasLeft = false
  let screen = ''
  stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  const prompt = new Prompt({
    ...{ stdin, stdout, label },
    complete: (line) => ['status', 'agents'].filter((verb) => verb.startsWith(line)),
    onLine: (line) => lines.push(line),
    onLeave: () => (hasLeft = true),
  })
  prompt.show()
  const seen = (text: string): Promise<unknown> => until(() => screen.includes(text), JSON.stringify(text))
  return { prompt, stdin, lines, seen, screen: () => screen, hasLeft: () => hasLeft }
}

describe('a prompt', () => {
  it('hands over each line, and comes back', async () => {
    const { stdin, lines, seen } = open()
    await seen('C1 frontend › ')
    stdin.write('status\r')
    await until(() => lines.length === 1, 'a line')
    expect(lines).toEqual(['status'])
  })

  it('keeps what is being typed while something is said above it', async () => {
    const { prompt, stdin, lines, seen, screen } = open()
    stdin.write('stat')
    await seen('stat')
    prompt.above(['X1 reviewer changed a.ts'])
    await seen('X1 reviewer changed a.ts\n')
    expect(screen().slice(screen().indexOf('a.ts\n'))).toContain('C1 frontend › stat')
    stdin.write('us\r')
    await until(() => lines.length === 1, 'a line')
    expect(lines).toEqual(['status'])
  })

  it('drops the line on Ctrl-C, and on an empty one says how to leave', async () => {
    const { stdin, lines, seen, screen, hasLeft } = open()
    stdin.write('stat')
    await seen('stat')
    stdin.write('\u0003')
    stdin.write('agents\r')
    await until(() => lines.length === 1, 'a line')
    expect(lines).toEqual(['agents'])
    expect(screen()).not.toContain('Ctrl-D')
    stdin.write('\u0003')
    await seen('Ctrl-D leaves.')
    expect(hasLeft()).toBe(false)
  })

  it('leaves on Ctrl-D', async () => {
    const { stdin, hasLeft } = open()
    stdin.write('\u0004')
    await until(hasLeft, 'leaving')
  })

  it('completes with Tab', async () => {
    const { stdin, lines, seen } = open()
    stdin.write('ag')
    await seen('ag')
    stdin.write('\t')
    await seen('agents')
    stdin.write('\r')
    await until(() => lines.length === 1, 'a line')
    expect(lines).toEqual(['agents'])
  })

  it('is drawn again only if it reads differently', () => {
    let label = 'online › '
    const { prompt, screen } = open(() => label)
    const before = screen()
    prompt.refresh()
    expect(screen()).toBe(before)
    label = 'offline › '
    prompt.refresh()
    expect(screen().length).toBeGreaterThanOrEqual(before.length)
    prompt.close()
    prompt.close()
  })
})
