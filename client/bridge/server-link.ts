/**
 * The server's side of a bridge: follows its heads over every connection that comes, and notices when its store is another.
 *
 * A connection is *attached* once every head is known that was committed before it; only then may anything be decided,
 * because a path without a head means "the server never had it".
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { ServerMessage } from '../../protocol/messages.js'
import type { BaseStore, Change } from './base-store.js'
import type { Heads } from './heads.js'
import type { BridgeConnection, BridgeLog, Disposer, Environment, LinkState } from './ports.js'
import { asText } from './rows.js'

/** After the server could not give the tree. In milliseconds. */
const RETRY = 1000

export interface ServerLinkOptions {
  readonly connection: BridgeConnection
  readonly store: BaseStore
  readonly heads: Heads
  readonly environment: Environment
  readonly log: BridgeLog
  /** Nothing may be decided from now on; resolves when nothing is under way any more. */
  readonly onDetached: () => Promise<void>
  /**
   * Every head is known. Resolves to whether it was acted upon; if not, it is told again.
   *
   * @param isTreeWhole they were all read anew, so that a path without a head is known to have none
   */
  readonly onAttached: (isTreeWhole: boolean) => Promise<boolean>
  readonly onHead: (head: FileHead) => void
  readonly onState: () => void
}

export class ServerLink {
  readonly #options: ServerLinkOptions
  readonly #disposers: Disposer[]
  #seq = 0
  /** Counts connections, so that what an earlier one still answers is not taken for this one's. */
  #turn = 0
  #attached = false
  /** The heads at hand are of the server's store. */
  #hasHeads = false
  /** They were read anew, and `onAttached` has not acted upon that. */
  #isTreeWhole = false
  #retry: Disposer | undefined

  constructor(options: ServerLinkOptions) {
    this.#options = options
    const { connection } = options
    this.#disposers = [
      connection.onMessage((message) => this.#onMessage(message)),
      connection.onState((state) => this.#onLink(state)),
    ]
  }

  get state(): LinkState {
    return this.#options.connection.state
  }

  get isAttached(): boolean {
    return this.#attached
  }

  /** Once everything that listens is ready. */
  start(): void {
    this.#onLink(this.#options.connection.state)
  }

  close(): void {
    this.#turn++
    this.#retry?.()
    for (const dispose of this.#disposers) dispose()
  }

  #onLink(state: LinkState): void {
    this.#retry?.()
    const turn = ++this.#turn
    const wasAttached = this.#attached
    this.#attached = false
    const detached = wasAttached || state.kind === 'live' ? this.#options.onDetached() : Promise.resolve()
    this.#options.onState()
    if (state.kind === 'live') void detached.then(() => this.#attach(turn, state.welcome.workspaceId))
  }

  async #attach(turn: number, workspaceId: string): Promise<void> {
    const { connection, heads, log, environment, onAttached, onState } = this.#options
    if (turn !== this.#turn) return
    try {
      if (await this.#adoptStore(workspaceId)) this.#isTreeWhole = true
      if (turn !== this.#turn) return
      const tree = await connection.request('tree', { since: this.#seq })
      if (turn !== this.#turn) return
      for (const head of tree.files) heads.learn(head)
      this.#seq = Math.max(this.#seq, tree.seq)
      this.#hasHeads = true
      this.#attached = true
      const acting = onAttached(this.#isTreeWhole)
      onState()
      if ((await acting) && turn === this.#turn) this.#isTreeWhole = false
    } catch (thrown) {
      if (turn !== this.#turn) return
      if (!(thrown instanceof EnsembleError) || thrown.code !== 'E_UNREACHABLE') {
        log.warn({ reason: String(thrown) }, 'the folder could not be compared with the server; trying again')
      }
      this.#retry = environment.timers.after(RETRY, () => void this.#attach(turn, workspaceId))
    }
  }

  /** True if no heads are at hand that are of this store. */
  async #adoptStore(id: string): Promise<boolean> {
    const { store, heads, log, connection } = this.#options
    const state = connection.state
    if (state.kind !== 'live') return false
    const { workspaceId } = state.welcome
    const before = store.meta.workspaceId
    if (before === workspaceId) return !this.#hasHeads
    heads.clear()
    this.#seq = 0
    this.#hasHeads = false
    if (before !== null) log.info({ before, now: id }, 'the server has another store: every file is compared anew')
    const changes: Change[] = [{ table: 'meta', row: { workspaceId } }]
    if (before !== null) {
      for (const [path, row] of store.bases) changes.push({ table: 'bases', key: path, row: asText(row) })
      // What a write was answered with went away with the store; what the disk holds is compared anew.
      for (const path of store.pendings.keys()) changes.push({ table: 'pendings', key: path, row: null })
      for (const [key, row] of store.intents) {
        if (row.old !== null) {
          const version = { ...row.old.version, rev: 0 }
          changes.push({ table: 'intents', key, row: { ...row, old: { ...row.old, version, sending: null } } })
        }
      }
    }
    await store.commit(changes)
    return true
  }

  #onMessage(message: ServerMessage): void {
    if (message.type !== 'head') return
    const { heads, onHead } = this.#options
    // Before the tree is known, heads that come by the feed leave a gap below them.
    if (this.#attached) this.#seq = Math.max(this.#seq, message.head.seq)
    if (heads.follow(message.head, message.edits)) onHead(message.head)
  }
}
