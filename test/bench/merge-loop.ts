/** How long the event loop of a running server is blocked while large texts are merged. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../protocol/document.js'
import { historyPage } from '../../protocol/history.js'
import { diff } from '../../protocol/text/diff.js'
import { openPeer } from '../support/peer.js'
import { until } from '../support/wait.js'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { load, megabyteOfSource, withEdits } from './merge-timing.js'
import { Lab, token, type ServerInfo } from './processes.js'

const ROUNDS = 12
/** Each of them writes 500 revisions first. */
const STALE_ROUNDS = 2
const TARGET = 50

interface Measured {
  /** Of the answer to a write, in milliseconds. */
  readonly answered: number
  /** The longest time for which the loop did nothing else, in milliseconds. */
  readonly blocked: number
  /** Processor time of the loop's longest turn, in milliseconds. */
  readonly turn: number
}

const PROBE = new URL('turn-probe.js', import.meta.url)

/** Asks for it and sets it back. Node's own histogram looks every 10 ms, and counts those 10 ms as well. */
async function longestDelay({ url }: ServerInfo, token: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const seconds = /^ensemble_nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await response.text())?.[1]
  if (seconds === undefined) throw new Error('the metrics do not tell the delay of the event loop')
  return Number(seconds) * 1000
}

const AWAY = 'CODEX-away'

/** A server with one large file, and what is asked of it. */
class Subject {
  readonly #server: ServerInfo
  readonly #token: string
  /** Where the probe of its turns answers. */
  readonly #probe: string

  private constructor(server: ServerInfo, secret: string, probe: string) {
    this.#server = server
    this.#token = secret
    this.#probe = probe
  }

  static async start(lab: Lab): Promise<Subject> {
    const probe = join(lab.dir, 'turn')
    const env = { NODE_OPTIONS: `--import=${PROBE.href}`, TURN_PROBE: probe }
    const server = await lab.server(await lab.folder('workspace'), 0, env)
    return new Subject(server, await token(server), probe)
  }

  /** What stands in the folder of the server. */
  async lines(file: string): Promise<string[]> {
    return (await readFile(join(this.#server.workspace, file), 'utf8')).split('\n')
  }

  async #ask(
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, ...init.headers }
    const response = await fetch(`${this.#server.url}/api/${path}`, { ...init, headers })
    if (!response.ok && response.status !== 409) throw new Error(`${response.status} ${await response.text()}`)
    return response
  }

  /** The newest revision of a file, and whose it is. */
  async newest(file: string): Promise<{ readonly rev: number; readonly author: string }> {
    const page = historyPage.parse(await (await this.#ask(`history/${file}?limit=1`)).json())
    const [entry] = page.entries
    if (entry === undefined) throw new Error(`${file} has no history`)
    return entry
  }

  /** Returns the version that came of it. */
  async put(file: string, lines: readonly string[], etag?: string): Promise<string> {
    const headers = etag === undefined ? {} : { 'if-match': etag }
    const response = await this.#ask(`files/${file}`, { method: 'PUT', headers, body: lines.join('\n') })
    return response.headers.get('etag') ?? ''
  }

  async revert(path: string, author: string): Promise<void> {
    const body = JSON.stringify({ target: { kind: 'author', author, path, since: null } })
    const response = await this.#ask('revert', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await response.text()
  }

  peer(file: string, doc?: Y.Doc): ReturnType<typeof openPeer> {
    return openPeer(this.#server.url, file, { token: this.#token, agent: AWAY, ...(doc && { doc }) })
  }

  async measure(work: () => Promise<unknown>): Promise<Measured> {
    await longestDelay(this.#server, this.#token)
    await this.#turns()
    const start = performance.now()
    await work()
    const answered = performance.now() - start
    const turn = Number(await this.#turns())
    return { answered, blocked: await longestDelay(this.#server, this.#token), turn }
  }

  /** Begins to watch the turns of the loop, or ends that. */
  async #turns(): Promise<string> {
    await rm(this.#probe, { force: true })
    process.kill(this.#server.pid, 'SIGUSR2')
    const answer = (): Promise<string | undefined> =>
      readFile(this.#probe, 'utf8').then(
        (text) => text || undefined,
        () => undefined,
      )
    return until(answer, 'the answer of the probe')
  }
}

/** 200 edits upon the head, and 200 upon what was the head before those. */
async function writes(subject: Subject): Promise<{ idle: Measured[]; plain: Measured[]; merged: Measured[] }> {
  const [idle, plain, merged]: Measured[][] = [[], [], []]
  let lines = megabyteOfSource(1)
  let etag = await subject.put('large.ts', lines)
  for (let round = 0; round < ROUNDS; round++) {
    idle?.push(await subject.measure(() => new Promise((resolve) => setTimeout(resolve, 200))))
    const ours = withEdits(lines, 200, 2 * round)
    const theirs = withEdits(lines, 200, 2 * round + 1)
    const before = etag
    plain?.push(await subject.measure(async () => (etag = await subject.put('large.ts', ours, before))))
    merged?.push(await subject.measure(async () => (etag = await subject.put('large.ts', theirs, before))))
    lines = await subject.lines('large.ts')
  }
  return { idle: idle ?? [], plain: plain ?? [], merged: merged ?? [] }
}

/** A stock Yjs peer with its own copy makes 200 edits while it is away; so do others; it comes back. */
async function rejoins(subject: Subject): Promise<Measured[]> {
  const found: Measured[] = []
  let lines = megabyteOfSource(2)
  let etag = await subject.put('rejoin.ts', lines)
  const doc = new Y.Doc()
  const content = doc.getText(CONTENT_ROOT)
  for (let round = 0; round < ROUNDS; round++) {
    const first = subject.peer('rejoin.ts', doc)
    await first.synced()
    await until(() => content.toJSON() === lines.join('\n'), 'the peer has the text')
    first.provider.destroy()
    const theirs = withEdits(lines, 200, 1000 + round)
    doc.transact(() => {
      for (const { at, removed, added } of [...diff(lines.join('\n'), theirs.join('\n'))].reverse()) {
        content.delete(at, removed.length)
        content.insert(at, added)
      }
    })
    await subject.put('rejoin.ts', withEdits(lines, 200, 2000 + round), etag)
    let peer: ReturnType<typeof openPeer> | undefined
    const measured = await subject.measure(async () => {
      peer = subject.peer('rejoin.ts', doc)
      await peer.synced()
      await until(async () => (await subject.newest('rejoin.ts')).author === AWAY, 'what it brought is in the head')
    })
    found.push(measured)
    peer?.provider.destroy()
    lines = await subject.lines('rejoin.ts')
    etag = await subject.put('rejoin.ts', [...lines, `round ${round}`])
    lines.push(`round ${round}`)
  }
  doc.destroy()
  return found
}

/** One letter a revision. */
async function types(subject: Subject, file: string, revisions: number): Promise<void> {
  const peer = subject.peer(file)
  await peer.synced()
  const { rev } = await subject.newest(file)
  for (let n = 1; n <= revisions; n++) {
    peer.text.insert((n * 7919) % (peer.text.length + 1), n % 10 === 0 ? '\n' : 'x')
    await until(async () => (await subject.newest(file)).rev >= rev + n, 'the revision')
  }
  peer.close()
}

/** A writer that knows a version 500 revisions old. */
async function staleWrites(subject: Subject): Promise<Measured[]> {
  const found: Measured[] = []
  let lines = megabyteOfSource(3)
  let etag = await subject.put('stale.ts', lines)
  for (let round = 0; round < STALE_ROUNDS; round++) {
    await types(subject, 'stale.ts', 500)
    const theirs = withEdits(lines, 200, 3000 + round)
    found.push(await subject.measure(async () => (etag = await subject.put('stale.ts', theirs, etag))))
    lines = await subject.lines('stale.ts')
  }
  return found
}

/** All that one has typed in 5,000 revisions is taken back. */
async function reverts(subject: Subject): Promise<Measured[]> {
  await subject.put('revert.ts', megabyteOfSource(4).slice(0, 2000))
  await types(subject, 'revert.ts', 5000)
  return [await subject.measure(() => subject.revert('revert.ts', AWAY))]
}

export async function mergeLoop(): Promise<Section> {
  const lab = await Lab.make()
  try {
    const subject = await Subject.start(lab)
    const { idle, plain, merged } = await writes(subject)
    const row = (name: string, all: readonly Measured[]): string[] => {
      const turns = all.map(({ turn }) => turn)
      const blocked = all.map((one) => one.blocked)
      const answered = spread(all.map((one) => one.answered))
      const target = `≤ ${TARGET} ms: ${verdict(quantile(turns, 0.5) <= TARGET)}`
      return [name, ...answered, ...spread(blocked), ...spread(turns), target]
    }
    return {
      title: 'The event loop while a megabyte is merged',
      method: `A server of its own process, with its own folder. ${ROUNDS} rounds of two \`PUT\`s of a text of 1 MB with 200 edits each, the first upon the head, the second upon the version before it, so that it is merged; as many of a stock Yjs peer that makes 200 edits while it is away, others 200 more, and comes back; ${STALE_ROUNDS} of a writer that knows a version 500 revisions old; and one revert of 5,000 revisions of 75 KB. Blocked is the longest delay that Node's own monitor of the event loop saw from before the request until after its answer; it looks every 10 ms and counts these, and the time for which other processes had the processor. Turn is the processor's time of the longest single turn of the loop, read from the kernel once a turn: for so long it blocks where nothing else runs, and the target is that of its median.`,
      columns: ['', 'answered, median', 'max', 'blocked, median', 'max', 'turn, median', 'max', 'target'],
      rows: [
        [
          'nothing for 200 ms',
          '',
          '',
          ...spread(idle.map((one) => one.blocked)),
          ...spread(idle.map((one) => one.turn)),
          '',
        ],
        row('a write upon the head', plain),
        row('a write that is merged', merged),
        row('a peer that rejoins', await rejoins(subject)),
        row('a write upon a version 500 revisions old', await staleWrites(subject)),
        row('a revert of 5,000 revisions', await reverts(subject)),
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
