/**
 * The load of most scenarios: sockets in documents, some of which write at a steady pace, or all at once; every update has
 * a number in its text, which is looked for in all that the sockets are sent. Updates and frames are made beforehand.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { memory, processorSeconds } from './processes.js'
import { quantile } from './figures.js'
import { inOnePiece, joinSeeded, mark, marksIn, Typist } from './sync-typist.js'
import { Peer, target } from './sync-wire.js'

export const flowTask = z.object({
  target,
  /** As they are called on the wire. */
  documents: z.array(z.string()).min(1),
  /** What they hold at first; written by the first socket where the server does not know it. */
  text: z.string(),
  /** Sockets of each document; the first `writers` of them write, all of them read. */
  sockets: z.int().min(1),
  writers: z.int().min(1),
  /** Edits of a writer in a second. */
  pace: z.number().or(z.literal('at once')),
  /** Edits of a writer that only warm the server up, and those that are measured. */
  warmUp: z.int().min(0),
  edits: z.int().min(1),
})
export type FlowTask = z.infer<typeof flowTask>

export const flowResult = z.object({
  /** Updates that reached a reader, their own writers among them. */
  deliveries: z.int(),
  lost: z.int(),
  doubled: z.int(),
  /** From the first sending to the last delivery. */
  seconds: z.number(),
  /** Processor time meanwhile, in seconds. */
  server: z.number(),
  load: z.number(),
  /** From the sending of an update to its delivery, in milliseconds. */
  p50: z.number(),
  p99: z.number(),
  /** Most memory that the server ever had, in bytes. */
  peak: z.number(),
})
export type FlowResult = z.infer<typeof flowResult>

/** In milliseconds in which nothing was sent, and nothing came. */
const LOST_AFTER = 20_000
/** Documents that are opened at once. */
const OPENING = 10

interface Writer {
  readonly peer: Peer
  readonly frames: readonly Buffer[]
}

export async function flow(task: FlowTask): Promise<FlowResult> {
  const { documents, writers, warmUp, edits } = task
  const tally = new Tally(documents.length * writers, task)
  const rooms: (readonly Writer[])[] = []
  for (let at = 0; at < documents.length; at += OPENING) {
    const some = documents.slice(at, at + OPENING)
    rooms.push(...(await Promise.all(some.map((document, i) => openRoom(task, document, at + i, tally)))))
  }
  const all = rooms.flat()
  await send(all, { from: 0, to: warmUp }, task.pace, tally)
  await tally.complete()
  const { pid } = task.target
  tally.measure()
  const before = { server: await processorSeconds(pid), load: process.cpuUsage(), at: performance.now() }
  await send(all, { from: warmUp, to: warmUp + edits }, task.pace, tally)
  await tally.complete()
  const server = (await processorSeconds(pid)) - before.server
  const load = process.cpuUsage(before.load)
  const { peak } = await memory(pid)
  return {
    ...tally.result(),
    seconds: (tally.lastAt - before.at) / 1000,
    server,
    load: (load.user + load.system) / 1e6,
    peak,
  }
}

async function openRoom(task: FlowTask, document: string, at: number, tally: Tally): Promise<Writer[]> {
  const { target, text, sockets, writers } = task
  const onFrame = (): ((payload: Buffer) => void) => tally.ear(at)
  const first = await joinSeeded(target, document, inOnePiece(text), onFrame())
  const others: Peer[] = []
  for (let i = 1; i < sockets; i++) others.push((await Peer.join({ target, document, onFrame: onFrame() })).peer)
  return [first.peer, ...others]
    .slice(0, writers)
    .map((peer, i) => ({ peer, frames: framesOf(task, peer, first.state, i, at * writers + i) }))
}

function framesOf(
  { documents, writers, warmUp, edits }: FlowTask,
  peer: Peer,
  state: Uint8Array,
  inDocument: number,
  inAll: number,
): Buffer[] {
  const typist = new Typist(peer, state, (inDocument + 0.5) / writers)
  return Array.from({ length: warmUp + edits }, (_, edit) =>
    typist.type(mark(edit * documents.length * writers + inAll)),
  )
}

/** Sends each writer's frames at the pace, the writers one after the other. */
async function send(
  writers: readonly Writer[],
  { from, to }: { readonly from: number; readonly to: number },
  pace: FlowTask['pace'],
  tally: Tally,
): Promise<void> {
  const start = performance.now()
  const apart = pace === 'at once' ? 0 : 1000 / pace / writers.length
  for (let i = 0; i < (to - from) * writers.length; i++) {
    const due = start + i * apart
    while (performance.now() < due) await pause(1)
    const { peer, frames } = writers[i % writers.length]!
    tally.sends(from * writers.length + i)
    peer.socket.send(frames[from + Math.floor(i / writers.length)]!)
  }
}

/** What was sent, and what each socket has heard of it. */
class Tally {
  readonly #writersInAll: number
  readonly #task: FlowTask
  readonly #sentAt: Float64Array
  #latencies: number[] = []
  #expected = 0
  #doubled = 0
  #sentLast = 0
  /** Of the last delivery. */
  lastAt = 0

  constructor(writersInAll: number, task: FlowTask) {
    this.#writersInAll = writersInAll
    this.#task = task
    this.#sentAt = new Float64Array(writersInAll * (task.warmUp + task.edits))
  }

  sends(number: number): void {
    this.#sentLast = performance.now()
    this.#sentAt[number] = this.#sentLast
    this.#expected += this.#task.sockets
  }

  /** Forgets what was counted so far. */
  measure(): void {
    this.#latencies = []
    this.#expected = 0
    this.#doubled = 0
  }

  /** For one socket of a document. */
  ear(document: number): (payload: Buffer) => void {
    const { writers, warmUp, edits } = this.#task
    const heard = new Uint8Array(writers * (warmUp + edits))
    return (payload) => {
      const now = performance.now()
      marksIn(payload, (number) => {
        const writer = number % this.#writersInAll
        if (Math.floor(writer / writers) !== document) throw new Error(`Update ${number} came in another document.`)
        const at = Math.floor(number / this.#writersInAll) * writers + (writer % writers)
        if (heard[at] === 1) {
          this.#doubled++
          return
        }
        heard[at] = 1
        this.#latencies.push(now - this.#sentAt[number]!)
        this.lastAt = now
      })
    }
  }

  /** Resolves when all that was sent has arrived everywhere, or is lost. */
  async complete(): Promise<void> {
    while (
      this.#latencies.length < this.#expected &&
      performance.now() < Math.max(this.#sentLast, this.lastAt) + LOST_AFTER
    ) {
      await pause(2)
    }
  }

  result(): Pick<FlowResult, 'deliveries' | 'lost' | 'doubled' | 'p50' | 'p99'> {
    const deliveries = this.#latencies.length
    return {
      ...{ deliveries, lost: this.#expected - deliveries, doubled: this.#doubled },
      p50: quantile(this.#latencies, 0.5),
      p99: quantile(this.#latencies, 0.99),
    }
  }
}
