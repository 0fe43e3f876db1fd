/**
 * A client's rows in a page's IndexedDB: the queue, the cache and unsent edits outlive the page.
 *
 * Guarantees:
 * 1. A write is there whole or not at all, after those before it; resolved, it is on the disk.
 * 2. One page at a time, by a Web Lock, which ends with the page.
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { Change, ClientStore } from './store.js'
import { trusted } from './trusted.js'

const ROWS = 'rows'

/**
 * @param name of the database; one for each agent and workspace, as `CLAUDE-page@localhost:9999`
 * @throws EnsembleError E_WORKSPACE_BUSY: another page has it; E_STORAGE_DEGRADED: this page may not store anything
 */
export async function openIndexedDbStore(name: string): Promise<ClientStore> {
  const unlock = await lock(`ensemble ${name}`)
  try {
    const opening = indexedDB.open(name, 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore(ROWS)
    return new IndexedDbStore(name, await settled(opening), unlock)
  } catch (thrown) {
    unlock()
    throw storageError(name, thrown)
  }
}

class IndexedDbStore implements ClientStore {
  readonly #name: string
  readonly #database: IDBDatabase
  readonly #unlock: () => void
  #writing: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(name: string, database: IDBDatabase, unlock: () => void) {
    this.#name = name
    this.#database = database
    this.#unlock = unlock
  }

  async load(): Promise<ReadonlyMap<string, string>> {
    try {
      const rows = this.#database.transaction(ROWS).objectStore(ROWS)
      const [keys, values] = await Promise.all([settled(rows.getAllKeys()), settled(rows.getAll())])
      // Nothing but text under text is ever put here.
      return new Map(keys.map((key, at) => [trusted<string>(key), trusted<string>(values[at])]))
    } catch (thrown) {
      throw storageError(this.#name, thrown)
    }
  }

  write(changes: readonly Change[]): Promise<void> {
    if (this.#closed) return Promise.reject(new EnsembleError('E_STOPPING', 'The store was closed.'))
    const writing = this.#write(changes)
    this.#writing = Promise.allSettled([this.#writing, writing])
    return writing
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writing
    this.#database.close()
    this.#unlock()
  }

  /** Transactions of one store run in the order in which they were made. */
  #write(changes: readonly Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        const transaction = this.#database.transaction(ROWS, 'readwrite', { durability: 'strict' })
        const rows = transaction.objectStore(ROWS)
        for (const { key, value } of changes) {
          if (value === null) rows.delete(key)
          else rows.put(value, key)
        }
        transaction.oncomplete = () => {
          resolve()
        }
        transaction.onabort = () => {
          reject(storageError(this.#name, transaction.error))
        }
      } catch (thrown) {
        reject(storageError(this.#name, thrown))
      }
    })
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB gave no reason.'))
    }
  })
}

/** Resolves with what gives it back. @throws EnsembleError */
async function lock(name: string): Promise<() => void> {
  if (!('locks' in navigator)) {
    throw new EnsembleError('E_STORAGE_DEGRADED', 'This page may not lock a store.', {
      hint: 'Serve it by https, or from localhost; or use a store that does not outlive the page (openMemoryStore).',
    })
  }
  return await new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, async (granted) => {
      if (granted === null) {
        throw new EnsembleError('E_WORKSPACE_BUSY', 'Another page has this store open.', {
          hint: 'Close it, or use another name for the agent here.',
        })
      }
      await new Promise<void>((unlock) => {
        resolve(unlock)
      })
    })
    held.catch(reject)
  })
}

function storageError(name: string, thrown: unknown): EnsembleError {
  if (thrown instanceof EnsembleError) return thrown
  const isFull = thrown instanceof DOMException && thrown.name === 'QuotaExceededError'
  return new EnsembleError(
    isFull ? 'E_STORAGE_FULL' : 'E_STORAGE_DEGRADED',
    `The store ${name} could not be used: ${String(thrown)}`,
    { cause: thrown },
  )
}
