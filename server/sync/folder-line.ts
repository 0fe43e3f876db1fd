/**
 * The served folder's own way in. Its bridge lives in this process, where a socket and JSON both ways would cost more than the
 * work itself; what it asks and hears is what a session would (rules MSG-3, MSG-7), and nothing else of the server is open to it.
 *
 * 1. Heads come in the order of their commits, none left out, and never within a commit: in a turn of the event loop of their own.
 * 2. What is handed over is shared: neither side changes it.
 */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { WorkspaceId } from '../../protocol/ids.js'
import type { Params, Result, ServerMessage } from '../../protocol/messages.js'
import type { FileCommit } from '../documents/ledger.js'
import type { Disposer, EventBus } from '../events/event-bus.js'
import type { Control, ControlMethod } from './control.js'
import { headMessage } from './feeds.js'

export interface FolderLineOptions {
  readonly control: Control
  readonly commits: EventBus<FileCommit>
  readonly workspaceId: WorkspaceId
  readonly seq: number
  /** Runs when everything else that waits has had its turn. */
  readonly defer: (run: () => void) => void
  readonly onError: (error: EnsembleError) => void
}

export type FolderLineState =
  | { readonly kind: 'live'; readonly welcome: { readonly workspaceId: WorkspaceId; readonly seq: number } }
  | { readonly kind: 'closed'; readonly error: null }

export class FolderLine {
  readonly #options: FolderLineOptions
  readonly #stateListeners = new Set<(state: FolderLineState) => void>()
  readonly #messageListeners = new Set<(message: ServerMessage) => void>()
  readonly #stopHearing: Disposer
  #state: FolderLineState
  #untold: ServerMessage[] = []

  constructor(options: FolderLineOptions) {
    const { workspaceId, seq, commits } = options
    this.#options = options
    this.#state = { kind: 'live', welcome: { workspaceId, seq } }
    this.#stopHearing = commits.subscribe((commit) => {
      if (commit.revised) this.#tell(headMessage(commit))
    })
  }

  get state(): FolderLineState {
    return this.#state
  }

  onState(listener: (state: FolderLineState) => void): Disposer {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  onMessage(listener: (message: ServerMessage) => void): Disposer {
    this.#messageListeners.add(listener)
    return () => this.#messageListeners.delete(listener)
  }

  /** @throws EnsembleError E_UNREACHABLE once it is closed; whatever the method throws */
  async request<M extends ControlMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    if (this.#state.kind === 'closed') throw new EnsembleError('E_UNREACHABLE', 'The server is stopping.')
    try {
      return await this.#options.control.handle(method, params, {
        author: 'DISK',
        origin: { via: 'folder', socket: null },
      })
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      this.#options.onError(error)
      throw error
    }
  }

  /** Can be called twice. */
  close(): void {
    if (this.#state.kind === 'closed') return
    this.#stopHearing()
    this.#untold = []
    this.#state = { kind: 'closed', error: null }
    for (const listener of [...this.#stateListeners]) listener(this.#state)
  }

  #tell(message: ServerMessage): void {
    this.#untold.push(message)
    if (this.#untold.length > 1) return
    this.#options.defer(() => {
      const untold = this.#untold
      this.#untold = []
      for (const one of untold) for (const listener of [...this.#messageListeners]) listener(one)
    })
  }
}
