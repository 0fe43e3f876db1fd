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

test('of very many faults the first are told and the rest counted, and none is longer than a few lines', () => {
  const wrong = Array.from({ length: 10_000 }, () => 1)
  const many = faultsOf(z.array(z.string()).safeParse(wrong).error!)
  expect(many).toHaveLength(21)
  expect(many.slice(-2)).toEqual(['19: expected string, received number', 'and 9980 more'])
  const [long] = faultsOf(z.strictObject({}).safeParse({ ['x'.repeat(10_000)]: 1 }).error!)
  expect(long).toBe(`${'(top level): Unrecognized key: "'.padEnd(299, 'x')}…`)
})
