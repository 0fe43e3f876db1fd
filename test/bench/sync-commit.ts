/** What it costs to be durable. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedStorage } from '../../server/storage/embedded.js'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import type { FlowResult } from './sync-flow.js'
import { FIFTY, flows, micros, perDelivery, TEXT } from './sync-flows.js'
import { median, method, spread, type Measured } from './sync-rounds.js'
import { storages, type Contender } from './sync-servers.js'

const COMMITS = 2_000

/** What durability costs: the same server over lmdb, and over memory. */
export async function commit(): Promise<Section> {
  const alone = await flows(
    ['shared'],
    TEXT,
    { sockets: 1, writers: 1, pace: 100, warmUp: 100, edits: 1_000 },
    storages,
  )
  const crowd = await flows(['shared'], TEXT, FIFTY, storages)
  const store = await commitTimes()
  const lost = [alone, crowd]
    .flatMap((measured) => [...measured.values()].flat())
    .reduce((sum, one) => sum + one.lost, 0)
  const row = (
    what: string,
    measured: Measured<FlowResult>,
    value: (one: FlowResult) => number,
    format: (value: number) => string,
  ): string[] => {
    const of = (storage: Contender): number[] => (measured.get(storage) ?? []).map(value)
    const ratio = median(of('lmdb')) / median(of('memory'))
    return [what, spread(of('lmdb'), format), spread(of('memory'), format), `× ${ratio.toFixed(2)}`]
  }
  return {
    title: 'A commit, and what durability costs',
    method:
      'The server without a folder, over lmdb on a disk and over the adapter that keeps all in memory. First one client of a document of 20 kB, whose 1,000 edits come 10 ms apart: ' +
      `clock from the sending to the echo. Then the 50 of above. A commit alone is a row of 100 bytes given to the storage, ${COMMITS} times one after the other, until it is synced. ${method()}`,
    columns: ['', 'lmdb', 'memory', 'of durability'],
    rows: [
      ['a commit alone, p50', milliseconds(quantile(store, 0.5)), '', ''],
      ['a commit alone, p99', milliseconds(quantile(store, 0.99)), '', ''],
      row('one writer: an edit until its echo, p50', alone, ({ p50 }) => p50, milliseconds),
      row('one writer: an edit until its echo, p99', alone, ({ p99 }) => p99, milliseconds),
      row('one writer: processor time of an edit', alone, perDelivery, micros),
      row('50 writers: p50', crowd, ({ p50 }) => p50, milliseconds),
      row('50 writers: p99', crowd, ({ p99 }) => p99, milliseconds),
      row('50 writers: processor time a delivery', crowd, perDelivery, micros),
    ],
    notes: [`- Lost: ${lost}: ${verdict(lost === 0)}.`],
  }
}

/** In milliseconds. */
async function commitTimes(): Promise<number[]> {
  const dir = await mkdtemp(join(tmpdir(), 'ensemble-bench-'))
  const storage = await openEmbeddedStorage({ dir })
  const times: number[] = []
  for (let i = 0; i < COMMITS; i++) {
    const start = performance.now()
    await storage.commit([{ put: ['bench', i], value: 'x'.repeat(100) }])
    times.push(performance.now() - start)
  }
  await storage.close()
  await rm(dir, { recursive: true })
  return times
}
