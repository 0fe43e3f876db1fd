/** One reader that stops reading while much flows past. */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { megabytes, verdict, type Section } from './figures.js'
import { memory, resetPeak } from './processes.js'
import { inRounds, judgeLoss, method, spread } from './sync-rounds.js'
import { contenders, type Contender } from './sync-servers.js'
import { inOnePiece, joinSeeded, mark, MARK_LENGTH, marksIn, Typist } from './sync-typist.js'
import { Peer, target } from './sync-wire.js'
import { source } from './trees.js'

/** Each moves nearly half a gigabyte. */
const ROUNDS = 1
const MB = 2 ** 20
const MOST_GROWTH = 20 * MB
const FLOW = 200 * MB
/** What first brings the server's memory to its usual size. */
const WARM_UP = 50 * MB
const WORD = 64 * 1024
/** Updates that may be under way. */
const WINDOW = 8
/** In milliseconds without anything new. */
const LOST_AFTER = 30_000
/** Between two looks at a process's memory, in milliseconds. */
const EACH = 20

export const stalledTask = z.object({ target, document: z.string() })

/** In bytes. Of all that is resident a part are pages of mapped files, which the kernel takes back when it needs them. */
const growth = z.object({ own: z.number(), resident: z.number() })

const stalledResult = z.object({
  /** The most memory while it flowed, over what there was before: with all reading, and with one stalled. */
  growth: z.object({ reading: growth, stalled: growth }),
  /** Updates that the other reader did not hear. */
  lost: z.int(),
  /** What became of the stalled one when it read on: it got the newest text, or it was closed with this code. */
  fate: z.enum(['caught up', 'lost']).or(z.int()),
})
type StalledResult = z.infer<typeof stalledResult>

export async function stalledLoad({ target, document }: z.infer<typeof stalledTask>): Promise<StalledResult> {
  const stream = await Stream.open(target, document)
  await stream.flow(WARM_UP)
  const reading = await growthDuring(target.pid, () => stream.flow(FLOW))
  let newest = -1
  let code: number | null | undefined
  const { peer } = await Peer.join({
    ...{ target, document },
    onFrame: (payload) => marksIn(payload, (number) => (newest = Math.max(newest, number))),
    onEnd: (given) => (code = given),
  })
  peer.socket.stall()
  const stalled = await growthDuring(target.pid, () => stream.flow(FLOW))
  peer.socket.readOn()
  await until(
    () => newest === stream.newest || code !== undefined,
    () => peer.socket.received,
  )
  const fate = newest === stream.newest ? 'caught up' : (code ?? 'lost')
  return { growth: { reading, stalled }, lost: stream.lost, fate }
}

async function growthDuring(pid: number, run: () => Promise<void>): Promise<z.infer<typeof growth>> {
  await resetPeak(pid)
  const before = await memory(pid)
  let own = before.anonymous
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      own = Math.max(own, (await memory(pid)).anonymous)
      await pause(EACH)
    }
  })()
  await run()
  over.abort()
  await watching
  const after = await memory(pid)
  return { own: own - before.anonymous, resident: after.peak - before.resident }
}

/** One who replaces a long word again and again, and one who reads that. */
class Stream {
  readonly #typist: Typist
  readonly #writer: Peer
  readonly #heard = new Set<number>()
  #typed = 0

  static async open(target: z.infer<typeof stalledTask>['target'], document: string): Promise<Stream> {
    const { peer: writer, state } = await joinSeeded(target, document, inOnePiece(text()))
    const stream = new Stream(writer, state)
    await Peer.join({
      ...{ target, document },
      onFrame: (payload) => marksIn(payload, (number) => stream.#heard.add(number)),
    })
    return stream
  }

  private constructor(writer: Peer, state: Uint8Array) {
    this.#writer = writer
    this.#typist = new Typist(writer, state, 0)
  }

  get newest(): number {
    return this.#typed - 1
  }

  get lost(): number {
    return this.#typed - this.#heard.size
  }

  async flow(bytes: number): Promise<void> {
    const filling = source('flow', WORD - MARK_LENGTH).slice(0, WORD - MARK_LENGTH)
    for (let left = bytes; left > 0; left -= WORD) {
      await until(
        () => this.lost < WINDOW,
        () => this.#heard.size,
      )
      const word = mark(this.#typed++) + filling
      this.#writer.socket.send(this.#typed === 1 ? this.#typist.type(word) : this.#typist.replace(word.length, word))
    }
    await until(
      () => this.lost === 0,
      () => this.#heard.size,
    )
  }
}

/** Resolves when it is done, or when nothing moves any more. */
async function until(done: () => boolean, moves: () => number): Promise<void> {
  let last = moves()
  let since = performance.now()
  while (!done() && performance.now() - since < LOST_AFTER) {
    await pause(1)
    const now = moves()
    if (now !== last) since = performance.now()
    last = now
  }
}

export async function stalled(): Promise<Section> {
  const measured = await inRounds({
    start: { texts: new Map([['shared', text()]]) },
    measure: async (server) =>
      stalledResult.parse(await server.load('stalled', { document: server.document('shared') })),
    say: ({ growth, lost, fate }) =>
      `grew by ${megabytes(growth.stalled.own)} (with all reading ${megabytes(growth.reading.own)}), ${lost} lost, the stalled one: ${fate}`,
    rounds: ROUNDS,
  })
  const of = (contender: Contender): readonly StalledResult[] => measured.get(contender) ?? []
  const grown = (contender: Contender): number => Math.max(...of(contender).map(({ growth }) => growth.stalled.own))
  const [file, free] = [grown('Ensemble, a file'), grown('Ensemble, a free document')]
  return {
    title: 'One reader that stalls while 200 MB flow past, side by side',
    method:
      `One writer replaces a word of 64 kB again and again, at most ${WINDOW} updates ahead of a second reader: 50 MB to warm up, 200 MB with both reading, ` +
      `200 MB while a third, which has joined, reads nothing; then that reads on. Growth is the most memory of the server’s own (RssAnon, looked at every ${EACH} ms) during the 200 MB over what it had before them, ` +
      `its garbage not yet collected included; in brackets with pages of mapped files (VmHWM), which are those of the database, and which the kernel takes back when it needs them. ${method(ROUNDS)}`,
    columns: [
      '',
      'growth with one stalled',
      'growth with all reading',
      'the stalled one, reading on',
      'lost to the other',
    ],
    rows: contenders.map((contender) => [
      contender,
      both(of(contender).map(({ growth }) => growth.stalled)),
      both(of(contender).map(({ growth }) => growth.reading)),
      of(contender)
        .map(({ fate }) => (typeof fate === 'number' ? `closed with ${fate}` : fate))
        .join(', '),
      String(of(contender).reduce((sum, { lost }) => sum + lost, 0)),
    ]),
    notes: [
      `- Growth ≤ ${megabytes(MOST_GROWTH)}: ${verdict(file <= MOST_GROWTH)} (${megabytes(file)}; a free document ${megabytes(free)}).`,
      judgeLoss(measured, ({ lost, fate }) => lost + (fate === 'lost' ? 1 : 0)),
    ],
  }
}

function both(growths: readonly z.infer<typeof growth>[]): string {
  const of = (value: (one: z.infer<typeof growth>) => number): string => spread(growths.map(value), megabytes)
  return `${of(({ own }) => own)} (${of(({ resident }) => resident)})`
}

function text(): string {
  return source('shared', 2_000)
}
