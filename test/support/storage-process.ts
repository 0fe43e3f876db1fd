/**
 * A process that stores, to be killed or starved by a test: `storage-process.js <what> <folder>`.
 *
 * write  stores numbered rows without end, a few calls under way at once, and says `stored <n>` when n is stored.
 * hold   opens the data folder of a workspace; says `held` and stays, or the code of its refusal.
 * fill   stores until the queue is degraded; says `degraded <code>`, then `stored <count>` when all of it is stored.
 */
import { randomBytes } from 'node:crypto'
import { CommitQueue } from '../../server/storage/commit-queue.js'
import { openDataFolder } from '../../server/storage/data-folder.js'
import { openEmbeddedStorage } from '../../server/storage/embedded.js'
import { rowsUnder } from '../../server/storage/keys.js'
import { toEnsembleError } from '../../protocol/errors.js'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function openQueue(dir: string) {
  const storage = await openEmbeddedStorage({ dir })
  const timers = {
    setTimeout: (run: () => void, ms: number): unknown => setTimeout(run, ms),
    clearTimeout: (timer: unknown): void => clearTimeout(timer as NodeJS.Timeout),
  }
  return { storage, queue: new CommitQueue({ storage, elapsed: () => performance.now(), timers, random: Math.random }) }
}

/** Row n of two tables in one call, and a window of the last 100 in a third: a torn commit would show. */
async function write(dir: string): Promise<never> {
  const { storage, queue } = await openQueue(dir)
  const [last] = storage.range({ ...rowsUnder(['a']), reverse: true, limit: 1 })
  let next = Number(last?.key[1] ?? -1) + 1
  say('open')
  const writer = async (): Promise<never> => {
    for (;;) {
      const n = next++
      await queue.enqueue([
        { put: ['a', n], value: { n, text: 'x'.repeat(n % 3_000) } },
        { put: ['b', n], value: new Uint8Array(n % 300) },
        { put: ['window', n], value: n },
        { deleteFrom: ['window', -1], to: ['window', n - 99] },
      ])
      say(`stored ${n}`)
    }
  }
  return Promise.race([writer(), writer(), writer()])
}

async function hold(workspace: string): Promise<void> {
  try {
    await openDataFolder(workspace, { now: Date.now })
    say('held')
    setInterval(() => undefined, 60_000)
  } catch (thrown) {
    say(toEnsembleError(thrown).code)
  }
}

async function fill(dir: string): Promise<void> {
  const { storage, queue } = await openQueue(dir)
  queue.onState((state) => say(state === 'ok' ? 'ok' : `degraded ${state.degraded.code}`))
  let count = 0
  const all: Promise<void>[] = []
  while (queue.state === 'ok') {
    all.push(queue.enqueue([{ put: ['t', count++], value: new Uint8Array(randomBytes(100_000)) }]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(all)
  const kept = [...storage.range(rowsUnder(['t']))].length
  await storage.close()
  say(`stored ${kept} of ${count}`)
}

const [what, folder = ''] = process.argv.slice(2)
const programs = new Map([
  ['write', write],
  ['hold', hold],
  ['fill', fill],
])
await programs.get(what ?? '')?.(folder)
