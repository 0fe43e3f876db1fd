/** Contrast, computed from tokens.css: published figures are not trusted, and axe leaves some nodes undecided. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const css = readFileSync(new URL('../../dashboard/styles/tokens.css', import.meta.url), 'utf8')

function colour(name: string, theme: 'light' | 'dark'): string {
  const value = new RegExp(`--${name}:\\s*([^;]+);`).exec(css)?.[1] ?? ''
  const [light, dark = light] = value.match(/#[0-9a-f]{6}/g) ?? []
  const found = theme === 'light' ? light : dark
  if (found === undefined) throw new Error(`--${name} is not in tokens.css`)
  return found
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const SURFACES = ['bg', 'panel', 'sunken', 'hover']
const agents = Array.from({ length: 8 }, (_, index) => `agent-${index + 1}`)

describe.each(['light', 'dark'] as const)('in %s', (theme) => {
  const between = (one: string, other: string) => contrast(colour(one, theme), colour(other, theme))

  test.each(['text', 'text-2', 'text-3'].flatMap((name) => SURFACES.map((surface) => [name, surface] as const)))(
    '%s can be read on %s',
    (name, surface) => {
      expect(between(name, surface)).toBeGreaterThanOrEqual(4.5)
    },
  )

  test.each([
    ...['wait', 'bad', 'done'].flatMap((name) => ['bg', 'panel'].map((surface) => [name, surface] as const)),
    ...(['wait', 'bad'] as const).map((name) => [name, `${name}-tint`] as const),
    ...(['wait', 'bad'] as const).map((name) => [`${name}-label`, `${name}-solid`] as const),
    ...['string', 'comment', 'number'].map((name) => [`syntax-${name}`, 'panel'] as const),
  ])('%s can be read on %s', (name, surface) => {
    expect(between(name, surface)).toBeGreaterThanOrEqual(4.5)
  })

  test.each(agents)("%s carries its label, and its marks stand out from the page's ground", (agent) => {
    expect(between('agent-label', agent)).toBeGreaterThanOrEqual(4.5)
    expect(between(agent, 'bg')).toBeGreaterThanOrEqual(3)
    expect(between(agent, 'panel')).toBeGreaterThanOrEqual(3)
  })

  test.each(['bg', 'panel'])('the border of controls can be seen on %s', (surface) => {
    expect(between('control', surface)).toBeGreaterThanOrEqual(3)
  })
})
