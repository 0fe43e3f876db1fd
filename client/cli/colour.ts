/** Whether a stream gets colour, and what colours mean: a state, never decoration, and always beside a word. */

export type ColourChoice = 'auto' | 'always' | 'never'

export interface ColourFacts {
  readonly choice: ColourChoice
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTerminal: boolean
}

/** `--color` decides; then NO_COLOR, FORCE_COLOR, TERM=dumb; then whether it is a terminal at all. */
export function wantsColour({ choice, env, isTerminal }: ColourFacts): boolean {
  if (choice !== 'auto') return choice === 'always'
  if (isSet(env['NO_COLOR'])) return false
  const forced = env['FORCE_COLOR']
  if (isSet(forced)) return forced !== '0' && forced !== 'false'
  return isTerminal && env['TERM'] !== 'dumb'
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

/** `good`: as it should be. `waiting`: someone may have to act. `bad`: something went wrong. `quiet`: beside the point. */
export type Tone = 'good' | 'waiting' | 'bad' | 'quiet' | 'strong'

export type Paint = (tone: Tone, text: string) => string

const CODES: Record<Tone, readonly [on: number, off: number]> = {
  good: [32, 39],
  waiting: [33, 39],
  bad: [31, 39],
  quiet: [2, 22],
  strong: [1, 22],
}

export const plain: Paint = (_tone, text) => text

export const coloured: Paint = (tone, text) => {
  const [on, off] = CODES[tone]
  return `\u001b[${on}m${text}\u001b[${off}m`
}
