/** Finds, opens and forgets rooms: one a document, from its first member to its last. */
import { CONTENT_ROOT, formatDocumentName, type DocumentName } from '../../protocol/document.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { FileStore } from '../documents/file-store.js'
import type { FreeDocuments } from '../documents/free-documents.js'
import type { Timers } from '../storage/commit-queue.js'
import type { Traces } from '../trace/traces.js'
import { lockState, type ShownLocks } from './lock-state.js'
import { Room, type RoomDocument } from './room.js'

export interface RoomsOptions {
  readonly files: FileStore
  readonly free: FreeDocuments
  /** Of what was sent; without it nobody remembers. */
  readonly traces?: Pick<Traces, 'sent'>
  readonly defer: (run: () => void) => void
  /** Milliseconds from any start, with fractions. */
  readonly elapsed: () => number
  readonly timers: Timers
  /** A reader that was too slow gets all at once what it was not sent. */
  readonly onResync?: () => void
  /** An update came whose ground is lacking. */
  readonly onGroundless?: () => void
  /** Shown in the awareness of files; without it nothing is. */
  readonly locks?: ShownLocks
}

/** Where nothing is a conflict nobody asks what a peer had seen. */
const UNCOUNTED = { steps: 0, toldBefore: () => null, left: () => undefined, sent: () => undefined }

export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()
  /** Paths whose locks have changed in this turn. */
  readonly #changed = new Set<WorkspacePath>()

  constructor(options: RoomsOptions) {
    this.#options = options
    options.locks?.onChange((path) => {
      this.#changed.add(path)
      if (this.#changed.size > 1) return
      // A moment later: the locks of a turn are told at once.
      options.defer(() => {
        for (const changed of this.#changed) this.#show(changed)
        this.#changed.clear()
      })
    })
  }

  get size(): number {
    return this.#rooms.size
  }

  /**
   * Lets `enter` put a member into the room, in the same step in which the room is found. Where it does not, nothing of
   * the room stays.
   * @throws EnsembleError E_NOT_TEXT
   */
  async open<T>(name: DocumentName, enter: (room: Room) => T): Promise<T> {
    for (;;) {
      const key = this.#keyOf(name)
      const room = this.#rooms.get(key)
      if (room === undefined) {
        await this.#load(name, key)
        continue // it is looked up once more, because it may have ended meanwhile
      }
      try {
        return enter(room)
      } finally {
        room.closeIfEmpty()
      }
    }
  }

  /** A room of a file is known by what the file is called now: whoever asks by an old name comes to the same room. */
  #keyOf(name: DocumentName): string {
    if (name.kind !== 'file') return formatDocumentName(name)
    return keyOfFile(this.#options.files.headMeantBy(name.path)?.path ?? name.path)
  }

  async #load(name: DocumentName, asked: string): Promise<void> {
    const document = await this.#document(name)
    const key = document.name === undefined ? asked : keyOfFile(document.name.path)
    if (this.#rooms.has(key) || document.live.expelled !== undefined) document.release()
    else this.#add(key, document)
  }

  #add(first: string, document: RoomDocument): void {
    let key = first
    const forget = (): void => {
      if (this.#rooms.get(key) === room) this.#rooms.delete(key)
    }
    const { defer, elapsed, timers, onResync, onGroundless, locks } = this.#options
    const room = new Room(document, {
      ...{ defer, elapsed, timers, onResync, onGroundless },
      ownClient: document.name === undefined ? undefined : locks?.newClient(),
      onEmpty: () => {
        dispose()
        disposeMoved?.()
        forget()
        document.release()
      },
    })
    const dispose = document.live.onExpelled(forget)
    const disposeMoved = document.name?.onMoved((path) => {
      forget()
      key = keyOfFile(path)
      this.#rooms.set(key, room)
      this.#show(path)
    })
    this.#rooms.set(key, room)
    if (document.name !== undefined) this.#show(document.name.path)
  }

  #show(path: WorkspacePath): void {
    const { locks } = this.#options
    if (locks !== undefined) this.#rooms.get(keyOfFile(path))?.show(lockState(locks.list({ path })))
  }

  async #document(name: DocumentName): Promise<RoomDocument> {
    const { files, free } = this.#options
    switch (name.kind) {
      case 'file':
        return this.#file(name.path)
      case 'workspace':
        return {
          ...{ live: files.tree.live, epoch: null, ownRoot: null, apply: () => true, release: () => undefined },
          ...UNCOUNTED,
        }
      case 'context':
        return { ...(await free.open('~context')), ...UNCOUNTED }
      case 'free':
        return { ...(await free.open(`~free:${name.name}`)), ...UNCOUNTED }
    }
  }

  async #file(path: WorkspacePath): Promise<RoomDocument> {
    const { files, traces } = this.#options
    const document = await files.open(path)
    return {
      live: document.live,
      ownRoot: CONTENT_ROOT,
      name: document,
      former: document.former,
      get epoch() {
        return document.epoch
      },
      get steps() {
        return document.steps
      },
      apply: (update, author, sender, decoded) => document.apply(update, author, sender, decoded),
      sent: (through, peers) => {
        traces?.sent(document.id, document.head?.rev ?? 0, through, peers)
      },
      toldBefore: (client) => document.told.before(client),
      left: (client, step) => {
        document.told.left(client, step)
      },
      release: () => {
        files.release(document)
      },
    }
  }
}

function keyOfFile(path: WorkspacePath): string {
  return formatDocumentName({ kind: 'file', path })
}
