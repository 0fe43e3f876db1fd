/** The shared context as it was read last, for when there is no connection. */
import { z } from 'zod'
import { sharedContext, type SharedContext } from '../../protocol/context.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { Connection } from './connection.js'
import type { ClientStore } from './store.js'

const KEY = 'context'
const kept = z.object({ asOf: z.number(), context: sharedContext })

export interface ContextView extends SharedContext {
  /** Null: it is so now. Without a connection: when the server said so, in milliseconds since 1970. */
  readonly asOf: number | null
}

export interface ContextCacheOptions {
  readonly connection: Connection
  readonly store: ClientStore
  readonly now: () => number
  readonly onError: (thrown: unknown) => void
}

export class ContextCache {
  readonly #options: ContextCacheOptions
  #kept: z.infer<typeof kept> | undefined

  constructor(options: ContextCacheOptions, rows: ReadonlyMap<string, string>) {
    this.#options = options
    const row = rows.get(KEY)
    this.#kept = row === undefined ? undefined : kept.safeParse(JSON.parse(row)).data
  }

  /** @throws EnsembleError E_UNREACHABLE: there is no connection, and it was never read */
  async read(): Promise<ContextView> {
    const { connection, store, now, onError } = this.#options
    try {
      const context = await connection.request('context', {})
      this.#kept = { asOf: now(), context }
      store.write([{ key: KEY, value: JSON.stringify(this.#kept) }]).catch(onError)
      return { ...context, asOf: null }
    } catch (thrown) {
      const isAway = thrown instanceof EnsembleError && thrown.code === 'E_UNREACHABLE'
      if (!isAway || this.#kept === undefined) throw thrown
      return { ...this.#kept.context, asOf: this.#kept.asOf }
    }
  }

  /** It was of another workspace. */
  clear(): void {
    this.#kept = undefined
    this.#options.store.write([{ key: KEY, value: null }]).catch(this.#options.onError)
  }
}
