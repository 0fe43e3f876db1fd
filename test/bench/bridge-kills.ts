/** Random work in a world (test/fuzz), with bridges and servers killed at any of their steps, a thousand times. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { makeSequence } from '../fuzz/commands.js'
import { play } from '../fuzz/run.js'
import { randomFrom } from '../support/random.js'
import { verdict, type Section } from './figures.js'

/** Of one process: what was killed in it is never quite gone from its memory. */
const RUNS_A_PROCESS = 50
const PARALLEL = 3
const LENGTH = 30
const BATCH = 'ENSEMBLE_BENCH_KILLS'

const report = z.object({ deaths: z.number(), markers: z.number(), failure: z.string().nullable() })
type Report = z.infer<typeof report>

const batch = process.env[BATCH]
if (batch !== undefined) await runBatch(Number(batch))

export async function bridgeKills(runs: number, seed: number): Promise<Section> {
  let [done, kills, markers] = [0, 0, 0]
  const failures: string[] = []
  for (let first = seed; done < runs; first += RUNS_A_PROCESS) {
    const child = fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, [BATCH]: String(first) } })
    child.on('message', (message) => {
      const run = report.parse(message)
      if (run.failure !== null) failures.push(run.failure)
      // A run in which nothing came to the step at which it was to die is none.
      if (run.deaths === 0 && run.failure === null) return
      done++
      kills += run.deaths
      markers += run.markers
    })
    const code = await new Promise((resolve) => child.once('exit', resolve))
    if (code !== 0) failures.push(`the process of seed ${first} ended with ${String(code)}`)
    process.stderr.write(`${done} of ${runs} runs, ${kills} kills, ${failures.length} failures\n`)
  }
  return {
    title: 'Killed at every step',
    method:
      'Each run is a server with its folder, two agents’ folders, two stock Yjs peers and a program that speaks HTTP, in one process, with ' +
      `up to ${LENGTH} random commands: saves of every kind, edits by HTTP and Yjs, deletions, renames, git, broken lines, and kills of ` +
      'a bridge, or of the server with its bridge, at a random step of reading, sending, writing or storing, or at any moment ' +
      `(seed ${seed}). Runs in which nothing was killed don’t count. Afterwards every marker must be in a head, the journal or a ` +
      'conflict record (B1), folders, heads and replicas must be equal and stay untouched (B2), and no text may hold a marker twice.',
    columns: ['runs with kills', 'kills', 'markers written', 'violations', 'target: 0 violations'],
    rows: [[String(done), String(kills), String(markers), String(failures.length), verdict(failures.length === 0)]],
    notes: failures,
  }
}

async function runBatch(first: number): Promise<void> {
  let next = first
  const line = async (): Promise<void> => {
    while (next < first + RUNS_A_PROCESS) {
      const seed = next++
      const random = randomFrom(seed)
      const made = makeSequence(random, random.one(['orderly', 'wild']), 1 + random.below(LENGTH))
      const run: Report = await play(made).then(
        (played) => ({ ...played, failure: null }),
        (thrown: unknown) => ({ deaths: 0, markers: 0, failure: `seed ${seed}: ${String(thrown)}` }),
      )
      process.send?.(run)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, line))
  process.exit(0)
}
