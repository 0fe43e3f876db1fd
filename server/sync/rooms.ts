/** Finds, opens and forgets rooms: one a document, from its first member to its last. */
import { CONTENT_ROOT, formatDocumentName, type DocumentName } from '../../protocol/document.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { FileStore } from '../documents/file-store.js'
import type { FreeDocuments } from '../documents/free-documents.js'
import { Room, type RoomDocument } from './room.js'

export interface RoomsOptions {
  readonly files: FileStore
  readonly free: FreeDocuments
  readonly defer: (run: () => void) => void
}

export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()

  constructor(options: RoomsOptions) {
    this.#options = options
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
    const key = formatDocumentName(name)
    for (;;) {
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

  async #load(name: DocumentName, key: string): Promise<void> {
    const document = await this.#document(name)
    if (this.#rooms.has(key) || document.live.expelled !== undefined) document.release()
    else this.#add(key, document)
  }

  #add(key: string, document: RoomDocument): void {
    const forget = (): void => {
      if (this.#rooms.get(key) === room) this.#rooms.delete(key)
    }
    const room = new Room(document, this.#options.defer, () => {
      dispose()
      forget()
      document.release()
    })
    const dispose = document.live.onExpelled(forget)
    this.#rooms.set(key, room)
  }

  async #document(name: DocumentName): Promise<RoomDocument> {
    const { files, free } = this.#options
    switch (name.kind) {
      case 'file':
        return this.#file(name.path)
      case 'workspace':
        return { live: files.tree.live, epoch: null, ownRoot: null, apply: () => true, release: () => undefined }
      case 'context':
        return free.open('~context')
      case 'free':
        return free.open(`~free:${name.name}`)
    }
  }

  async #file(path: WorkspacePath): Promise<RoomDocument> {
    const { files } = this.#options
    const document = await files.open(path)
    return {
      live: document.live,
      ownRoot: CONTENT_ROOT,
      get epoch() {
        return document.epoch
      },
      apply: (update, author) => document.apply(update, author),
      release: () => {
        files.release(document)
      },
    }
  }
}
