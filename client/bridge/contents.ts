/** Fetches contents from the server: what is asked for in one turn of the event loop goes as one request. */
import type { FileId } from '../../protocol/ids.js'
import type { FileContent, FileHead } from '../../protocol/files.js'
import { encodeText } from '../../protocol/text/encoding.js'
import type { BridgeConnection } from './ports.js'

/** Of one request; the server answers as many as fit into 4 MB and names the rest. */
const MAX_IDS = 200

export interface Fetched {
  readonly head: FileHead
  readonly bytes: Uint8Array
}

interface Waiter {
  readonly resolve: (fetched: Fetched | undefined) => void
  readonly reject: (thrown: unknown) => void
}

export class Contents {
  readonly #connection: BridgeConnection
  #wanted = new Map<FileId, Waiter[]>()

  constructor(connection: BridgeConnection) {
    this.#connection = connection
  }

  /** The newest content, which may be newer than the head that was asked for. Undefined: the file was deleted. */
  fetch(id: FileId): Promise<Fetched | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.size === 0) queueMicrotask(() => void this.#send())
      const waiters = this.#wanted.get(id) ?? []
      this.#wanted.set(id, [...waiters, { resolve, reject }])
    })
  }

  async #send(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = new Map()
    const ids = [...wanted.keys()]
    const parts: FileId[][] = []
    for (let from = 0; from < ids.length; from += MAX_IDS) parts.push(ids.slice(from, from + MAX_IDS))
    await Promise.all(parts.map((part) => this.#fetchAll(part, wanted)))
  }

  async #fetchAll(ids: FileId[], wanted: ReadonlyMap<FileId, readonly Waiter[]>): Promise<void> {
    const left = new Set(ids)
    try {
      for (let rest = ids; rest.length > 0;) {
        const answer = await this.#connection.request('read', { ids: rest })
        for (const { head, content } of answer.files) {
          left.delete(head.id)
          const fetched = { head, bytes: bytesOf(content) }
          for (const waiter of wanted.get(head.id) ?? []) waiter.resolve(fetched)
        }
        rest = answer.files.length === 0 ? [] : answer.rest
      }
      for (const id of left) for (const waiter of wanted.get(id) ?? []) waiter.resolve(undefined)
    } catch (thrown) {
      for (const id of left) for (const waiter of wanted.get(id) ?? []) waiter.reject(thrown)
    }
  }
}

function bytesOf(content: FileContent): Uint8Array {
  return content.kind === 'text' ? encodeText(content.text, content) : Buffer.from(content.base64, 'base64')
}
