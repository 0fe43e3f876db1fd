/** Keeps the inboxes of all agents: which messages wait, who has them, and the receipts. */
import type { Inbox, InboxQuery } from '../../protocol/event-requests.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { AgentId } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import type { EventLog } from './event-log.js'
import type { EventStream } from './event-stream.js'
import { isWaiting, receipt, take, type InboxState, type Recipient } from './inbox.js'
import type { MessageTable } from './message-table.js'

export interface InboxServiceOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly log: EventLog
  readonly stream: EventStream
  readonly messages: MessageTable
  readonly rolesOf: (agentId: AgentId) => readonly string[]
  /** Milliseconds from any start, never backwards. */
  readonly elapsed: () => number
  readonly onError: (error: unknown) => void
}

const MESSAGES = 50

export class InboxService {
  readonly #options: InboxServiceOptions
  /** What differs from its row, or is not stored at all. */
  readonly #states = new Map<AgentId, InboxState>()

  constructor(options: InboxServiceOptions) {
    this.#options = options
    // From the first moment on it is known what was said before an agent came.
    options.stream.subscribe(({ type, seq, agent_id: agentId }) => {
      if (type !== 'agent:joined' || agentId === undefined || this.#isKnown(agentId)) return
      this.#store(agentId, { since: seq, receipted: 0, handed: null }).catch(options.onError)
    })
  }

  look({ take: takes = false, limit = MESSAGES }: InboxQuery, agentId: AgentId): Inbox {
    const { log, messages, elapsed } = this.#options
    const state = this.#state(agentId)
    const waiting = this.#waiting(agentId, state)
    const all = { waiting: waiting.length, forgotten: messages.forgotten > state.receipted && this.#isKnown(agentId) }
    if (takes && waiting.length > 0) {
      const { inbox, given } = take(state, elapsed())
      if (!given) return { ...all, messages: [], taken: true }
      this.#states.set(agentId, inbox)
    }
    const events = waiting.slice(0, limit).flatMap((seq) => log.get(seq) ?? [])
    return { ...all, messages: events, taken: false }
  }

  /** @throws EnsembleError E_BAD_REQUEST, E_STORAGE_DEGRADED */
  async receipt(through: number, agentId: AgentId): Promise<{ readonly waiting: number }> {
    const { queue, stream } = this.#options
    if (through > stream.told) {
      throw new EnsembleError('E_BAD_REQUEST', `There is no event ${through} yet; the newest is ${stream.told}.`, {
        hint: 'Give the number of the last message that was received.',
      })
    }
    const before = this.#state(agentId)
    const state = receipt(before, through)
    if (state !== before) await queue.unlessDegraded(() => this.#store(agentId, state))
    return { waiting: this.#waiting(agentId, state).length }
  }

  /** How many messages wait for an agent. */
  waiting(agentId: AgentId): number {
    return this.#waiting(agentId, this.#state(agentId)).length
  }

  #waiting(agentId: AgentId, state: InboxState): number[] {
    const { messages, stream, rolesOf, storage } = this.#options
    const recipient: Recipient = { agentId, roles: rolesOf(agentId) }
    return messages
      .after(state.receipted)
      .filter((message) => message.seq <= stream.told && isWaiting(message, state, recipient))
      .map(({ seq }) => seq)
      .filter((seq) => storage.get(['ack', seq, agentId]) === undefined)
  }

  #isKnown(agentId: AgentId): boolean {
    return this.#states.has(agentId) || this.#options.storage.get(['inbox', agentId]) !== undefined
  }

  #state(agentId: AgentId): InboxState {
    const { storage, stream } = this.#options
    const known = this.#states.get(agentId)
    if (known !== undefined) return known
    const row = stored<Omit<InboxState, 'handed'> | undefined>(storage.get(['inbox', agentId]))
    return row === undefined ? { since: stream.told, receipted: 0, handed: null } : { ...row, handed: null }
  }

  async #store(agentId: AgentId, state: InboxState): Promise<void> {
    this.#states.set(agentId, state)
    const { since, receipted } = state
    await this.#options.queue.enqueue([{ put: ['inbox', agentId], value: { since, receipted } }])
    if (this.#states.get(agentId) === state) this.#states.delete(agentId)
  }
}
