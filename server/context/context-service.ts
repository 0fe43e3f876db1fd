/** The shared context: put together from what the rooms know, and from the document that everyone may write to. */
import { contextEntry, CONTEXT_ROOTS, MAX_ENTRIES, sharedContext } from '../../protocol/context.js'
import type { ContextCommand, ContextKind, ContextReply, SharedContext } from '../../protocol/context.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import { agentOfAuthor, type Author } from '../../protocol/ids.js'
import type { FreeDocument, FreeDocuments } from '../documents/free-documents.js'
import type { EventBus } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { WorkingState } from './working-state.js'

export interface ContextServiceOptions {
  readonly free: FreeDocuments
  readonly queue: CommitQueue
  readonly events: EventLog
  readonly eventBus: EventBus<WorkspaceEvent>
  readonly now: () => number
  /** What the other rooms know. */
  readonly rest: () => Promise<WorkingState>
}

const RECENT = 50
/** Events that are looked through for changes. */
const LOOKED = 2_000
const PREVIEW = 120

export class ContextService {
  readonly #options: ContextServiceOptions

  constructor(options: ContextServiceOptions) {
    this.#options = options
  }

  async get(): Promise<SharedContext> {
    const rest = await this.#options.rest()
    return await this.#within(async (document) => {
      await document.live.shown()
      const list = (kind: ContextKind) => entriesOf(document, kind)
      const all = { decisions: list('decision'), notes: list('note'), facts: list('fact') }
      // What the rooms say besides is left out.
      return sharedContext.parse({ ...rest, recent_changes: this.#recent(), ...all })
    })
  }

  /** @throws EnsembleError E_BAD_REQUEST: a fact without a key; E_LIMIT; E_STORAGE_… */
  async add({ kind, id: key, text, writeId }: ContextCommand, by: Author): Promise<ContextReply> {
    const { queue, events, eventBus, now } = this.#options
    if (queue.state !== 'ok') throw queue.state.degraded
    if (kind === 'fact' && key === undefined) {
      throw new EnsembleError('E_BAD_REQUEST', 'A fact has a key.', {
        hint: 'Name it as the id: the newest text of it holds.',
      })
    }
    const id = key ?? writeId
    return await this.#within(async (document) => {
      const entries = entriesOf(document, kind)
      const known = entries.find((entry) => entry.id === id)
      if (known?.text === text) return { kind, entry: known }
      const map = document.live.doc.getMap(CONTEXT_ROOTS[kind])
      if (known === undefined && map.size >= MAX_ENTRIES) {
        throw new EnsembleError('E_LIMIT', `There are ${MAX_ENTRIES} of them, which is the limit.`, {
          hint: 'Take old ones out of the document ~context.',
        })
      }
      const entry = { text, by, time: now() }
      document.live.transact(by, () => map.set(id, entry))
      const change = known === undefined ? 'added' : 'changed'
      const preview = (text.split('\n')[0] ?? '').slice(0, PREVIEW)
      const { event, rows } = events.append('context:update', agentOfAuthor(by), { kind, id, change, preview })
      await document.live.seal(rows)
      eventBus.publish(event)
      return { kind, entry: { id, ...entry } }
    })
  }

  async #within<T>(work: (document: FreeDocument) => Promise<T>): Promise<T> {
    const document = await this.#options.free.open('~context')
    try {
      return await work(document)
    } finally {
      document.release()
    }
  }

  #recent(): SharedContext['recent_changes'] {
    const changes: SharedContext['recent_changes'] = []
    let looked = 0
    for (const { type, data, timestamp } of this.#options.events.newest()) {
      if (++looked > LOOKED || changes.length >= RECENT) break
      if (type !== 'file:changed') continue
      changes.push({ file: data.file, agent_id: data.author, change_type: data.change_type, timestamp })
    }
    return changes
  }
}

/** Oldest first. Peers write there too: what is no entry is left out. */
function entriesOf({ live }: FreeDocument, kind: ContextKind): SharedContext['notes'] {
  const entries = [...live.doc.getMap(CONTEXT_ROOTS[kind])].flatMap(([id, value]) => {
    const entry = contextEntry.safeParse(value)
    return entry.success ? [{ id, ...entry.data }] : []
  })
  return entries.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
}
