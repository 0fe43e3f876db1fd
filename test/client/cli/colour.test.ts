import { describe, expect, it } from 'vitest'
import { coloured, plain, wantsColour, type ColourFacts } from '../../../client/cli/colour.js'

function facts(overrides: Partial<ColourFacts> = {}): ColourFacts {
  return { choice: 'auto', env: {}, isTerminal: true, ...overrides }
}

describe('colour', () => {
  it.each<[string, Partial<ColourFacts>, boolean]>([
    ['is there on a terminal', {}, true],
    ['is not there in a pipe', { isTerminal: false }, false],
    ['is not there with NO_COLOR', { env: { NO_COLOR: '1' } }, false],
    ['is there with an empty NO_COLOR, which counts as absent', { env: { NO_COLOR: '' } }, true],
    ['is there in a pipe with FORCE_COLOR', { env: { FORCE_COLOR: '1' }, isTerminal: false }, true],
    ['is not there with FORCE_COLOR=0', { env: { FORCE_COLOR: '0' } }, false],
    ['is not there where both are set', { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, false],
    ['is not there on a dumb terminal', { env: { TERM: 'dumb' } }, false],
    [
      'is there with --color always, whatever else is said',
      { choice: 'always', env: { NO_COLOR: '1' }, isTerminal: false },
      true,
    ],
    ['is not there with --color never', { choice: 'never', env: { FORCE_COLOR: '1' } }, false],
  ])('%s', (_, given, expected) => {
    expect(wantsColour(facts(given))).toBe(expected)
  })

  it('never changes the words', () => {
    expect(plain('bad', 'degraded')).toBe('degraded')
    expect(coloured('bad', 'degraded')).toBe('\u001b[31mdegraded\u001b[39m')
  })
})
