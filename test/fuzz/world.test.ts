/**
 * A short run of what `npm run fuzz` does for as long as one likes: a real server, real bridges, folders and peers, killed at
 * any step (world.ts), and what must be true afterwards (oracles.ts). Sequences that once failed are in sequences/.
 */
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { randomFrom } from '../support/random.js'
import { makeSequence, sequence, type Sequence } from './commands.js'
import { play } from './run.js'

const SEQUENCES = join(import.meta.dirname, 'sequences')
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12)
const PARALLEL = 3
const LENGTH = 30

/** @throws Error with the first seed that fails; `npm run fuzz -- --seed N --length 30` plays it again */
async function fuzz(kind: Sequence['kind']): Promise<number> {
  const first = randomInt(2 ** 31)
  let next = first
  let deaths = 0
  const line = async (): Promise<void> => {
    while (next < first + RUNS) {
      const seed = next++
      const random = randomFrom(seed)
      const made = makeSequence(random, kind, 1 + random.below(LENGTH))
      const played = await play(made).catch((cause: unknown) => {
        throw new Error(`seed ${seed}: ${String(cause)}\n${JSON.stringify(made)}`, { cause })
      })
      deaths += played.deaths
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, line))
  return deaths
}

describe('whatever happens to a workspace, once it rests', () => {
  test('[BRIDGE-2, BRIDGE-7, BRIDGE-8, BRIDGE-9, BRIDGE-11, BRIDGE-12] everyone’s own lines are as they last wrote them, everywhere, without a conflict', async () => {
    expect(await fuzz('orderly')).toBeGreaterThan(0)
  })

  test('[BRIDGE-1, BRIDGE-2, BRIDGE-7, BRIDGE-10, BRIDGE-11] nothing is lost or doubled, a conflict holds one side, and all are the same', async () => {
    expect(await fuzz('wild')).toBeGreaterThan(0)
  })
})

describe('a sequence that once failed', () => {
  test.each(readdirSync(SEQUENCES).sort())('%s', async (file) => {
    await play(sequence.parse(JSON.parse(readFileSync(join(SEQUENCES, file), 'utf8'))))
  })
})
