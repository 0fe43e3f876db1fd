/** Requests that may wait until there is a connection, and what becomes of them. */
import type { EnsembleError } from '../../protocol/errors.js'
import type { Params, Result } from '../../protocol/messages.js'
import type { WorkspacePath } from '../../protocol/paths.js'

/** Requests that may be asked twice: each has a write id, or is the same the second time. */
export type QueuedMethod = 'write' | 'delete' | 'resolve' | 'publish' | 'acknowledge' | 'task' | 'addContext'
export type Ask<M extends QueuedMethod = QueuedMethod> = {
  [K in M]: { readonly method: K; readonly params: Params<K> }
}[M]

export interface Entry {
  /** Rises in the order of asking. */
  readonly id: number
  readonly ask: Ask
  /** Milliseconds since 1970, when it was asked for. */
  readonly time: number
  /** The text of the base, should the server not know it any more (rule WRITE-2); null: not known, or no text. */
  readonly baseText: string | null
}

export type Outcome =
  | { readonly kind: 'done'; readonly result: Result<QueuedMethod> }
  | { readonly kind: 'refused'; readonly error: EnsembleError }

/** The file that it writes or deletes. */
export function fileOf(ask: Ask): WorkspacePath | undefined {
  return ask.method === 'write' || ask.method === 'delete' ? ask.params.path : undefined
}
