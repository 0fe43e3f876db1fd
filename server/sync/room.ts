/**
 * Everyone who is in one document: hands updates and awareness to all, each encoded once (rule SYNC-6).
 */
import * as Y from 'yjs'
import type { EnsembleError } from '../../protocol/errors.js'
import type { Author } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { LiveDocument } from '../documents/live-document.js'
import type { Sender } from '../documents/sight.js'
import { Awareness } from '../presence/awareness.js'
import { awarenessFrame, updateFrame } from './sync-frames.js'

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
  apply(update: Uint8Array, author: Author, sender: Sender): boolean
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
  /** @param through number of the newest step in it */
  deliver(frame: Uint8Array, through: number): void
  deliverAwareness(frame: Uint8Array): void
  expel(error: EnsembleError): void
}

export interface RoomOptions {
  readonly defer: (run: () => void) => void
  /** Awareness client of the server in this room; undefined: it has none. */
  readonly ownClient: number | undefined
  readonly onEmpty: () => void
}

export class Room {
  readonly document: RoomDocument
  readonly #members = new Set<Member>()
  readonly #awareness: Awareness<Member>
  readonly #changedClients = new Set<number>()
  readonly #defer: (run: () => void) => void
  readonly #onEmpty: () => void
  readonly #disposers: (() => void)[]
  #wholeState: Uint8Array | undefined
  /** Of all live states, until one changes (rule SYNC-6). */
  #awarenessFrame: Uint8Array | undefined
  #closed = false

  constructor(document: RoomDocument, { defer, ownClient, onEmpty }: RoomOptions) {
    this.document = document
    this.#defer = defer
    this.#onEmpty = onEmpty
    this.#awareness = new Awareness(ownClient)
    const forget = (): void => {
      this.#wholeState = undefined
    }
    document.live.doc.on('update', forget)
    this.#disposers = [
      () => {
        document.live.doc.off('update', forget)
      },
      document.live.onUpdate((update, through) => {
        const frame = updateFrame(update)
        for (const member of [...this.#members]) member.deliver(frame, through)
        document.sent(through, this.#members.size)
      }),
      document.live.onExpelled((error) => {
        // A moment later: whoever broke it hears of that first.
        this.#defer(() => {
          for (const member of [...this.#members]) member.expel(error)
        })
      }),
    ]
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
    this.#onEmpty()
  }

  /** What a peer with this state vector lacks; the whole state is encoded once a version (rule SYNC-5). */
  stateFor(stateVector: Uint8Array, isEmpty: boolean): Uint8Array {
    if (!isEmpty) return Y.encodeStateAsUpdate(this.document.live.doc, stateVector)
    this.#wholeState ??= Y.encodeStateAsUpdate(this.document.live.doc)
    return this.#wholeState
  }

  acceptAwareness(member: Member, update: Uint8Array): void {
    this.#awarenessFrame = undefined
    this.#announce(this.#awareness.accept(member, update))
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
    if (this.#changedClients.size === 0) {
      this.#defer(() => {
        const frame = awarenessFrame(this.#awareness.encodeChanged(this.#changedClients))
        this.#changedClients.clear()
        for (const member of [...this.#members]) member.deliverAwareness(frame)
      })
    }
    for (const id of ids) this.#changedClients.add(id)
  }
}
