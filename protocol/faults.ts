/** What a schema refused, in the words of errors: `title: is missing; steps.0: expected string, received number`. */
import type { z } from 'zod'

export function faultsOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const words = message.replace(/^Invalid input: /, '')
    const what = words.endsWith('received undefined') ? `is missing (${words.split(',', 1)[0] ?? words})` : words
    return `${path.length === 0 ? '(top level)' : path.join('.')}: ${what}`
  })
}
