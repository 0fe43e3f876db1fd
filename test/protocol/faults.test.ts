import { expect, test } from 'vitest'
import { z } from 'zod'
import { faultsOf } from '../../protocol/faults.js'

test('each fault of what a schema refused is one phrase that begins with its field', () => {
  const schema = z.strictObject({ title: z.string(), steps: z.array(z.string()) })
  const parsed = schema.safeParse({ steps: ['a', 1], more: true })
  expect(parsed.error && faultsOf(parsed.error)).toEqual([
    'title: is missing (expected string)',
    'steps.1: expected string, received number',
    '(top level): Unrecognized key: "more"',
  ])
  expect(faultsOf(schema.safeParse(7).error ?? new z.ZodError([]))).toEqual([
    '(top level): expected object, received number',
  ])
})
