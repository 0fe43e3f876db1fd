/** What a bridge needs from outside, as small as it can be: tests hand in their own. */
import type { EnsembleError } from '../../protocol/errors.js'
import type { WorkspaceId } from '../../protocol/ids.js'
import type { Method, Params, Result, ServerMessage } from '../../protocol/messages.js'

export type Disposer = () => void

/** The part of the SDK's ConnectionState that a bridge looks at. */
export type LinkState =
  | { readonly kind: 'idle' | 'connecting' | 'waiting' }
  | { readonly kind: 'live'; readonly welcome: { readonly workspaceId: WorkspaceId; readonly seq: number } }
  | { readonly kind: 'closed'; readonly error: EnsembleError | null }

/** What a bridge asks of a server. */
export type BridgeMethod = Extract<Method, 'tree' | 'read' | 'write' | 'delete' | 'rename'>

/** The part of the SDK's Connection that a bridge uses; it must carry the feed `heads`. */
export interface BridgeConnection {
  readonly state: LinkState
  onState(listener: (state: LinkState) => void): Disposer
  onMessage(listener: (message: ServerMessage) => void): Disposer
  request<M extends BridgeMethod>(method: M, params: Params<M>): Promise<Result<M>>
}

/** As pino: facts first, then a sentence. */
export interface BridgeLog {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface Timers {
  /** Runs once, unless it is disposed of before. */
  after(milliseconds: number, run: () => void): Disposer
  /** Lets everything else that is waiting run first. */
  yield(): Promise<void>
}

/** Time, chance and the event loop. */
export interface Environment {
  /** Milliseconds since 1970 by the clock that also dates files; compared with dates, never to decide whose text counts. */
  readonly now: () => number
  /** Milliseconds from any start, never backwards: for how long ago something was. */
  readonly elapsed: () => number
  readonly timers: Timers
  /** In [0, 1). */
  readonly random: () => number
  /** A name that nobody ever used. Letters, digits, "-" and "_". */
  readonly newId: () => string
}
