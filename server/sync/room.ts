/**
 * Everyone who is in one document: hands updates and awareness to all.
 *
 * 1. What is handed out is built once for all members, the whole state once a version (rules SYNC-5, SYNC-6).
 * 2. What is handed out is durable (rule SYNC-1), in the order of its turns, and each turn once.
 * 3. What one member was not handed, because it reads too slowly, can be told from what it had (rule SYNC-7).
 * 4. It gathers for the time that its pace says, so that handing out never fills the event loop.
 */
import * as Y from 'yjs'
import type { EnsembleError } from '../../protocol/errors.js'
import type { Author } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { DecodedUpdate } from '../documents/id-ranges.js'
import type { LiveDocument } from '../documents/live-document.js'
import type { Sender } from '../documents/sight.js'
import { Awareness } from '../presence/awareness.js'
import type { Timers } from '../storage/commit-queue.js'
import { Batch, type BatchFrame } from './batch.js'
import { Pace } from '../../protocol/pace.js'
import { awarenessFrame, step2Frame, updateFrame } from './sync-frames.js'

/** A document as rooms see it. */
export interface RoomDocument {
  readonly live: LiveDocument
  /** Client id of its first struct; null where there is none yet, or none is asked for. */
  readonly epoch: number | null
  /** Client id of the first struct of the file that a rename took from this path; null: none did. */
  readonly former?: number | null
  /** The only root that peers may write to; null: any. */
  readonly ownRoot: string | null
  /** Returns whether all of it went in. */
  apply(update: Uint8Array, author: Author, sender: Sender, decoded: DecodedUpdate): boolean
  /** Number of the newest step; 0 where they are not counted. */
  readonly steps: number
  /** Up to which step a peer had received all when it left, by its Yjs client; null: not known. */
  toldBefore(client: number): number | null
  /** Everyone in the room, `peers` of them, was sent every step up to `through`. */
  sent(through: number, peers: number): void
  /** A peer leaves that had received every step up to `step`. */
  left(client: number, step: number): void
  /** Of a file's document, which may be renamed while the room is open. */
  readonly name?: {
    readonly path: WorkspacePath
    onMoved(listener: (path: WorkspacePath) => void): () => void
  }
  /** Called once, when nobody is in the room any more. */
  release(): void
}

/** What a room does with a member. */
export interface Member {
  deliver(batch: Batch): void
  expel(error: EnsembleError): void
}

/** What a member had when it fell behind. */
export interface Behind {
  readonly stateVector: ReadonlyMap<number, number>
  /** Clocks of the live awareness clients. */
  readonly awareness: ReadonlyMap<number, number>
}

export interface RoomOptions {
  readonly defer: (run: () => void) => void
  /** Milliseconds from any start, with fractions. */
  readonly elapsed: () => number
  readonly timers: Timers
  /** A member that read too slowly gets what it was not handed. */
  readonly onResync?: (() => void) | undefined
  /** A member sent an update that could not be taken whole: what it builds upon is lacking. */
  readonly onGroundless?: (() => void) | undefined
  /** Awareness client of the server in this room; undefined: it has none. */
  readonly ownClient: number | undefined
  readonly onEmpty: () => void
}

/** In milliseconds. A stock provider renews its state every 15 seconds, and takes one for gone that was not renewed for 30. */
const RENEWAL = 2_000

export class Room {
  readonly document: RoomDocument
  readonly #options: RoomOptions
  readonly #members = new Set<Member>()
  readonly #awareness: Awareness<Member>
  readonly #changedClients = new Set<number>()
  /** Telling everybody costs a system call a member: it takes a sixteenth of the time at most, and waits no longer than eyes notice. */
  readonly #pace = new Pace({ rest: 15, longest: 10 })
  readonly #disposers: (() => void)[]
  #gathered: BatchFrame[] = []
  #isArranged = false
  #timer: unknown
  #renewing: unknown
  /** The whole state as an answer, until the document changes. */
  #wholeState: Batch | undefined
  /** Of all live states, until one changes (rule SYNC-6). */
  #awarenessFrame: Uint8Array | undefined
  #closed = false

  constructor(document: RoomDocument, options: RoomOptions) {
    this.document = document
    this.#options = options
    this.#awareness = new Awareness(options.ownClient)
    const forget = (): void => {
      this.#wholeState = undefined
    }
    document.live.doc.on('update', forget)
    this.#disposers = [
      () => {
        document.live.doc.off('update', forget)
        options.timers.clearTimeout(this.#timer)
        options.timers.clearTimeout(this.#renewing)
      },
      document.live.onUpdate(
        (update, through, turn) => {
          this.#gathered.push({ payload: updateFrame(update), told: { update, through, turn } })
          this.#arrange((handOut) => {
            handOut()
          })
        },
        () => this.#pace.wait(options.elapsed()),
      ),
      document.live.onExpelled((error) => {
        // A moment later: whoever broke it hears of that first.
        options.defer(() => {
          this.#handOut()
          for (const member of [...this.#members]) member.expel(error)
        })
      }),
    ]
  }

  get timers(): Timers {
    return this.#options.timers
  }

  get size(): number {
    return this.#members.size
  }

  enter(member: Member): void {
    this.#members.add(member)
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return
    this.#awarenessFrame = undefined
    this.#announce(this.#awareness.leave(member))
    this.closeIfEmpty()
  }

  /** Ends the room where nobody is in it. */
  closeIfEmpty(): void {
    if (this.#members.size > 0 || this.#closed) return
    this.#closed = true
    for (const dispose of this.#disposers) dispose()
    this.#options.onEmpty()
  }

  /** What a peer with this state vector lacks, as the answer to it. */
  answer(stateVector: Uint8Array, isEmpty: boolean): Batch {
    const { doc } = this.document.live
    if (!isEmpty) return new Batch([{ payload: step2Frame(Y.encodeStateAsUpdate(doc, stateVector)) }])
    this.#wholeState ??= new Batch([{ payload: step2Frame(Y.encodeStateAsUpdate(doc)) }])
    return this.#wholeState
  }

  /** What somebody has who has everything. */
  get now(): Behind & { readonly stateVector: Map<number, number> } {
    const { doc } = this.document.live
    return { stateVector: Y.decodeStateVector(Y.encodeStateVector(doc)), awareness: this.#awareness.live }
  }

  /** What somebody has who was handed all before `batch`. */
  before(batch: Batch): Behind {
    const { live } = this.document
    const { stateVector, awareness } = this.now
    const frames = [...batch.frames, ...this.#gathered]
    const updates = frames.flatMap(({ told }) => (told === undefined ? [] : [told.update]))
    for (const update of [...updates, ...live.untold]) {
      for (const [client, from] of Y.parseUpdateMeta(update).from) {
        if (from < (stateVector.get(client) ?? 0)) stateVector.set(client, from)
      }
    }
    return { stateVector, awareness }
  }

  groundless(): void {
    this.#options.onGroundless?.()
  }

  /** What has come since then, as an update. */
  since({ stateVector }: Behind): Batch {
    this.#options.onResync?.()
    const update = Y.encodeStateAsUpdate(this.document.live.doc, Y.encodeStateVector(new Map(stateVector)))
    return new Batch([{ payload: updateFrame(update) }])
  }

  /** Awareness as it is, for who had it as it was then. */
  awarenessSince({ awareness }: Behind): Uint8Array {
    return awarenessFrame(this.#awareness.encodeSince(awareness))
  }

  acceptAwareness(member: Member, update: Uint8Array): void {
    this.#awarenessFrame = undefined
    this.#announce(this.#awareness.accept(member, update))
    if (!this.#awareness.hasRenewed) return
    this.#renewing ??= this.timers.setTimeout(() => {
      this.#renewing = undefined
      this.#announce(this.#awareness.takeRenewed())
    }, RENEWAL)
  }

  /** Shows everybody a state of the server's own; null: none (rule LOCK-16). */
  show(state: object | null): void {
    const changed = this.#awareness.setOwn(state)
    if (changed.length > 0) this.#awarenessFrame = undefined
    this.#announce(changed)
  }

  /** The Yjs clients that a member has announced. */
  clientsOf(member: Member): readonly number[] {
    return this.#awareness.clientsOf(member)
  }

  /** All live states; without any it still says that the line lives. */
  awarenessFrame(): Uint8Array {
    this.#awarenessFrame ??= awarenessFrame(this.#awareness.encodeLive())
    return this.#awarenessFrame
  }

  #announce(ids: readonly number[]): void {
    if (ids.length === 0) return
    for (const id of ids) this.#changedClients.add(id)
    this.#arrange(this.#options.defer) // those of one turn go together
  }

  /** @param atOnce runs it where nothing has to be waited for */
  #arrange(atOnce: (handOut: () => void) => void): void {
    if (this.#isArranged) return
    this.#isArranged = true
    const { elapsed, timers } = this.#options
    const handOut = (): void => {
      this.#handOut()
    }
    const wait = this.#pace.wait(elapsed())
    if (wait === 0) atOnce(handOut)
    else this.#timer = timers.setTimeout(handOut, wait)
  }

  #handOut(): void {
    this.#isArranged = false
    this.#options.timers.clearTimeout(this.#timer)
    const frames = this.#gathered
    this.#gathered = []
    if (this.#changedClients.size > 0) {
      frames.push({ payload: awarenessFrame(this.#awareness.encodeChanged(this.#changedClients)) })
      this.#changedClients.clear()
    }
    if (frames.length === 0) return
    const batch = new Batch(frames)
    const began = this.#options.elapsed()
    const receivers = this.#members.size
    for (const member of [...this.#members]) member.deliver(batch)
    if (frames.some(({ told }) => told !== undefined)) this.document.sent(batch.through, receivers)
    this.#pace.took(began, this.#options.elapsed())
  }
}
