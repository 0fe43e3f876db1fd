/** What a schema refused, in the words of errors: `title: is missing; steps.0: expected string, received number`. */
import type { z } from 'zod'

/** So many are told; of the rest, how many there are. */
const TOLD = 20
/** Longest phrase, in characters: keys that nobody knows are named, however long they are. */
const PHRASE = 300

export function faultsOf(error: z.ZodError): string[] {
  const told = error.issues.slice(0, TOLD).map(({ path, message }) => {
    const words = message.replace(/^Invalid input: /, '')
    const what = words.endsWith('received undefined') ? `is missing (${words.split(',', 1)[0] ?? words})` : words
    const phrase = `${path.length === 0 ? '(top level)' : path.join('.')}: ${what}`
    return phrase.length > PHRASE ? `${phrase.slice(0, PHRASE - 1)}…` : phrase
  })
  const more = error.issues.length - told.length
  return more === 0 ? told : [...told, `and ${more} more`]
}
