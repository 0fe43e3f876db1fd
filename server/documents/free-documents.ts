/** Documents that never reach the disk: the shared context, and the free ones. Loaded while someone has them open. */
import type { Author } from '../../protocol/ids.js'
import { LiveDocument, type LiveDocumentOptions } from './live-document.js'

interface Open {
  readonly live: LiveDocument
  references: number
}

export interface FreeDocument {
  readonly live: LiveDocument
  readonly epoch: null
  readonly ownRoot: null
  /** Returns whether all of it went in. */
  apply(update: Uint8Array, author: Author): boolean
  release(): void
}

export class FreeDocuments {
  readonly #options: Omit<LiveDocumentOptions, 'id' | 'ledger' | 'readOnly'>
  readonly #open = new Map<string, Open>()
  /** Documents that ended before their time, until storage has what was under way of them. */
  readonly #ending = new Set<string>()

  constructor(options: Omit<LiveDocumentOptions, 'id' | 'ledger' | 'readOnly'>) {
    this.#options = options
  }

  /**
   * @param id of the stored document
   * @throws EnsembleError E_STORAGE_DEGRADED
   */
  async open(id: string): Promise<FreeDocument> {
    while (this.#ending.has(id)) await this.#options.queue.durable()
    const open = this.#open.get(id) ?? this.#load(id)
    open.references++
    const { live } = open
    return {
      live,
      epoch: null,
      ownRoot: null,
      apply: (update, author) => live.apply(update, author),
      release: () => {
        open.references--
        void this.#unload(id, open)
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ live }) => live.flushed().catch(() => undefined)))
  }

  #load(id: string): Open {
    const open = { live: new LiveDocument({ ...this.#options, id }), references: 0 }
    this.#open.set(id, open)
    open.live.onExpelled(() => {
      if (!open.live.settled) this.#awaitEnd(id)
      this.#forget(id, open)
    })
    return open
  }

  /** What is not durable yet keeps it loaded: another opening must not read a log that still grows (rule SYNC-3). */
  async #unload(id: string, open: Open): Promise<void> {
    await open.live.flushed().catch(() => undefined)
    if (open.references === 0 && open.live.settled) this.#forget(id, open)
  }

  #awaitEnd(id: string): void {
    const ended = (): void => void this.#ending.delete(id)
    this.#ending.add(id)
    this.#options.queue.enqueue([]).then(ended, ended)
  }

  #forget(id: string, open: Open): void {
    if (this.#open.get(id) !== open) return
    this.#open.delete(id)
    open.live.destroy()
  }
}
