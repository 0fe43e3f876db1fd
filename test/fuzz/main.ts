/**
 * `npm run fuzz [-- --seed S] [--minutes M] [--kind orderly|wild] [--length N] [--parallel N] [--keep DIR]`: random
 * sequences of everything that may happen to a workspace, each checked once it has come to rest.
 *
 * The seed decides the sequences; how they interleave with the bridges' own work is up to the machine. A sequence that
 * fails is written as JSON to the folder of the test that replays it, test/fuzz/sequences, and the run ends with 1.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { randomFrom } from '../support/random.js'
import { makeSequence, sequence, type Sequence } from './commands.js'
import { play } from './run.js'

const SEQUENCES = fileURLToPath(new URL('../../../test/fuzz/sequences', import.meta.url))
const PROGRESS_SECONDS = 10

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '5' },
    kind: { type: 'string' },
    length: { type: 'string', default: '40' },
    parallel: { type: 'string', default: '4' },
    keep: { type: 'string', default: SEQUENCES },
    replay: { type: 'string' },
  },
})
const kinds: readonly Sequence['kind'][] = ['orderly', 'wild'] as const
const wanted = values.kind === undefined ? kinds : kinds.filter((kind) => kind === values.kind)
const [seed, minutes, length, parallel] = [values.seed, values.minutes, values.length, values.parallel].map(Number)
if (
  wanted.length === 0 ||
  !isCount(seed, 0) ||
  !isCount(length, 1) ||
  !isCount(parallel, 1) ||
  !(Number(minutes) > 0)
) {
  process.stderr.write(
    '--seed is a whole number, --minutes a number above 0, --length and --parallel are whole numbers from 1, --kind is orderly or wild.\n',
  )
  process.exit(2)
}

const start = performance.now()
const totals = { runs: 0, deaths: 0, markers: 0, failures: 0 }
let next = 0

if (values.replay === undefined) await fuzz()
else await replay(values.replay)
report()
process.exit(totals.failures === 0 ? 0 : 1)

async function fuzz(): Promise<void> {
  process.stderr.write(`seed ${seed}: for ${minutes} min, ${parallel} at a time\n`)
  const timer = setInterval(report, PROGRESS_SECONDS * 1000)
  const isOver = (): boolean => performance.now() - start > Number(minutes) * 60_000
  const line = async (): Promise<void> => {
    while (!isOver()) await once(Number(seed) + next++)
  }
  await Promise.all(Array.from({ length: Number(parallel) }, line))
  clearInterval(timer)
}

/** The seed of each sequence is the run's, counted up: whichever fails can be had again alone. */
async function once(own: number): Promise<void> {
  const random = randomFrom(own)
  const made = makeSequence(random, random.one(wanted), 1 + random.below(Number(length)))
  await tried(
    made,
    `seed ${own}`,
    `--seed ${own} --length ${length}${values.kind === undefined ? '' : ` --kind ${values.kind}`}`,
  )
}

async function replay(file: string): Promise<void> {
  const kept = sequence.parse(JSON.parse(await readFile(file, 'utf8')))
  await tried(kept, file, `--replay ${file}`)
}

async function tried(made: Sequence, name: string, options: string): Promise<void> {
  try {
    const { deaths, markers } = await play(made)
    totals.deaths += deaths
    totals.markers += markers
  } catch (thrown) {
    totals.failures++
    const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    process.stderr.write(`\n${name} fails (${made.kind}, ${made.commands.length} commands)\n${reason}\n`)
    process.stderr.write(`again: npm run fuzz -- ${options}\n`)
    if (values.replay === undefined) {
      await mkdir(values.keep, { recursive: true })
      const file = join(values.keep, `${made.kind}-${name.replace(' ', '-')}.json`)
      await writeFile(file, `${JSON.stringify(made, null, 2)}\n`)
      process.stderr.write(`kept: ${file}\n`)
    }
  }
  totals.runs++
}

function report(): void {
  const seconds = Math.round((performance.now() - start) / 1000)
  const { runs, deaths, markers, failures } = totals
  process.stderr.write(`${seconds} s: ${runs} runs, ${deaths} kills, ${markers} markers, ${failures} failures\n`)
}

function isCount(value: number | undefined, least: number): boolean {
  return value !== undefined && Number.isInteger(value) && value >= least
}
