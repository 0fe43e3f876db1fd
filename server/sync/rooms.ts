/** Finds, opens and forgets rooms: one a document, from its first member to its last. */
import { formatDocumentName, type DocumentName } from '../../protocol/document.js'
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
   * Lets `enter` put a member into the room, in the same step in which the room is found.
   * @throws EnsembleError E_NOT_TEXT
   */
  async open<T>(name: DocumentName, enter: (room: Room) => T): Promise<T> {
    const key = formatDocumentName(name)
    const open = this.#rooms.get(key)
    if (open !== undefined) return enter(open)
    const document = await this.#document(name)
    const raced = this.#rooms.get(key)
    if (raced !== undefined) {
      document.release()
      return enter(raced)
    }
    const room = new Room(document, this.#options.defer, () => {
      if (this.#rooms.get(key) === room) this.#rooms.delete(key)
      document.release()
    })
    this.#rooms.set(key, room)
    document.live.onExpelled(() => {
      if (this.#rooms.get(key) === room) this.#rooms.delete(key)
    })
    return enter(room)
  }

  async #document(name: DocumentName): Promise<RoomDocument> {
    const { files, free } = this.#options
    switch (name.kind) {
      case 'file':
        return this.#file(name.path)
      case 'workspace':
        return { live: files.tree.live, epoch: null, apply: () => undefined, release: () => undefined }
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
      get epoch() {
        return document.epoch
      },
      apply: (update, author) => {
        document.apply(update, author)
      },
      release: () => {
        files.release(document)
      },
    }
  }
}
