/** How long the event loop of a running server is blocked while large texts are merged. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { load, megabyteOfSource, withEdits } from './merge-timing.js'
import { Lab, type ServerInfo } from './processes.js'

const ROUNDS = 12
const TARGET = 50

interface Measured {
  /** Of the answer to a write, in milliseconds. */
  readonly answered: number
  /** The longest time for which the loop did nothing else, in milliseconds. */
  readonly blocked: number
  /** What the loop's thread spent on all of it, in milliseconds: more than any one piece of it could take. NaN: unknown. */
  readonly thread: number
}

/** Processor time of the thread that runs the event loop, in milliseconds; only Linux tells. */
async function threadTime({ pid }: ServerInfo): Promise<number> {
  const stat = await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').catch(() => 'NaN')
  return Number(stat.split(' ')[0]) / 1e6
}

/** Asks for it and sets it back. Node's own histogram looks every 10 ms, and counts those 10 ms as well. */
async function longestDelay({ url }: ServerInfo, token: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const seconds = /^ensemble_nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await response.text())?.[1]
  if (seconds === undefined) throw new Error('the metrics do not tell the delay of the event loop')
  return Number(seconds) * 1000
}

export async function mergeLoop(): Promise<Section> {
  const lab = await Lab.make()
  try {
    const server = await lab.server(await lab.folder('workspace'))
    const token = (await readFile(server.tokenFile, 'utf8')).trim()
    const put = async (text: string, etag: string | undefined): Promise<string> => {
      const response = await fetch(`${server.url}/api/files/large.ts`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, ...(etag === undefined ? {} : { 'if-match': etag }) },
        body: text,
      })
      if (!response.ok && response.status !== 409) throw new Error(`${response.status} ${await response.text()}`)
      return response.headers.get('etag') ?? ''
    }
    const measure = async (work: () => Promise<unknown>): Promise<Measured> => {
      await longestDelay(server, token)
      const before = await threadTime(server)
      const start = performance.now()
      await work()
      const answered = performance.now() - start
      const thread = (await threadTime(server)) - before
      return { answered, blocked: await longestDelay(server, token), thread }
    }
    const idle: number[] = []
    const plain: Measured[] = []
    const merged: Measured[] = []
    let lines = megabyteOfSource(1)
    let etag = await put(lines.join('\n'), undefined)
    for (let round = 0; round < ROUNDS; round++) {
      idle.push((await measure(() => new Promise((resolve) => setTimeout(resolve, 200)))).blocked)
      const ours = withEdits(lines, 200, 2 * round)
      const theirs = withEdits(lines, 200, 2 * round + 1)
      const before = etag
      plain.push(await measure(async () => (etag = await put(ours.join('\n'), before))))
      merged.push(await measure(async () => (etag = await put(theirs.join('\n'), before))))
      lines = (await readFile(join(server.workspace, 'large.ts'), 'utf8')).split('\n')
    }
    const row = (name: string, all: readonly Measured[]): string[] => {
      const threads = all.map(({ thread }) => thread)
      const target = `≤ ${TARGET} ms: ${verdict(quantile(threads, 0.5) <= TARGET)}`
      const answered = spread(all.map((one) => one.answered))
      return [name, ...answered, ...spread(all.map(({ blocked }) => blocked)), ...spread(threads), target]
    }
    return {
      title: 'The event loop while a megabyte is merged',
      method: `A server of its own process, with its own folder; ${ROUNDS} rounds of two \`PUT\`s of a text of 1 MB with 200 edits each, the first upon the head, the second upon the version before it, so that it is merged. Blocked is the longest delay that Node's own monitor of the event loop saw from before the request until after its answer; it looks every 10 ms and counts these, and the time for which other processes had the processor. Thread is the processor's time that the loop's thread spent on the whole write, in many pieces: no single one can block longer, where nothing else runs. The target is that of its median.`,
      columns: ['', 'answered, median', 'max', 'blocked, median', 'max', 'thread, median', 'max', 'target'],
      rows: [
        ['nothing for 200 ms', '', '', ...spread(idle), '', '', ''],
        row('a write upon the head', plain),
        row('a write that is merged', merged),
      ],
      notes: [load()],
    }
  } finally {
    await lab.close()
  }
}

function spread(values: readonly number[]): string[] {
  return [milliseconds(quantile(values, 0.5)), milliseconds(Math.max(...values))]
}
