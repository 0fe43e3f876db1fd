/** Keeps the roster in step with connections and commits, and tells who listens. */
import type { Agent, Announcement, KnownAgent, PresenceCommand } from '../../protocol/agents.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { FolderStatus } from '../../protocol/folder.js'
import {
  agentId as agentIdSchema,
  agentIdOf,
  agentOfAuthor,
  splitAgentId,
  type AgentId,
  type AgentRole,
  type AgentType,
  type Author,
} from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { assertAgentType } from '../auth/agent-type.js'
import { EventBus, type Disposer } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { CommitQueue, Timers } from '../storage/commit-queue.js'
import { rowsUnder } from '../storage/keys.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import { EDITING_MILLISECONDS, Roster, type Joining, type Remembered } from './roster.js'

export interface PresenceOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly events: EventLog
  readonly eventBus: EventBus<WorkspaceEvent>
  readonly types: readonly AgentType[]
  readonly now: () => number
  readonly timers: Timers
  /** A new unguessable secret. */
  readonly newSecret: () => string
  readonly onError: (error: unknown) => void
}

/** How long an agent without a connection counts as there, unless told. In seconds. */
const TTL = 60
/** A roster is whole, and where many write each of them changes it: then it is told at most so often, in milliseconds. */
const GATHERED = 200

export interface Membership {
  readonly agent: Agent
  readonly secret: string
}

interface Member extends Membership {
  readonly replaced: () => void
}

export class PresenceService {
  readonly #options: PresenceOptions
  readonly #roster: Roster
  readonly #changes: EventBus<readonly Agent[]>
  readonly #members = new Map<AgentId, Member>()
  readonly #quietTimers = new Map<AgentId, unknown>()
  /** Agents without a connection, each until its time is over. */
  readonly #announced = new Map<AgentId, { readonly membership: Membership; readonly timer: unknown }>()
  /** When the roster was told last, and the timer for what changed since. */
  #toldAt = -Infinity
  #soon: unknown
  #closed = false

  constructor(options: PresenceOptions) {
    this.#options = options
    this.#changes = new EventBus(options.onError)
    const remembered = new Map<AgentId, Remembered>()
    for (const { key, value } of options.storage.range(rowsUnder(['agent']))) {
      remembered.set(agentIdSchema.parse(key[1]), { roles: [], ...stored<Pick<Remembered, 'order'>>(value) })
    }
    this.#roster = new Roster(remembered)
  }

  agents(): Agent[] {
    return this.#roster.agents()
  }

  /** Also of an agent that is not connected: as it said last. */
  rolesOf(agentId: AgentId): readonly AgentRole[] {
    return this.#roster.rolesOf(agentId)
  }

  /** Every agent that ever joined, in that order. */
  known(): KnownAgent[] {
    return this.#roster.known()
  }

  onChange(listener: (agents: readonly Agent[]) => void): Disposer {
    return this.#changes.subscribe(listener)
  }

  /**
   * @param replaced is called when the same agent comes back over another connection
   * @throws EnsembleError E_AGENT_TYPE, E_AGENT_TAKEN
   */
  join(joining: Joining, replaced: () => void): Membership {
    const { types, now, newSecret } = this.#options
    assertAgentType(types, joining.type)
    const secret = newSecret()
    const { agent, returned } = this.#roster.join(this.#takingOver(joining), secret, now())
    const before = this.#members.get(agent.agentId)
    const member = { agent, secret, replaced }
    this.#members.set(agent.agentId, member)
    before?.replaced()
    const remember: Row = { put: ['agent', agent.agentId], value: { order: agent.order, roles: agent.roles } }
    if (returned) this.#options.queue.enqueue([remember]).catch(this.#options.onError)
    else {
      const { type: agent_type, instance, partition } = agent
      const { event, rows } = this.#options.events.append('agent:joined', agent.agentId, {
        agent_type,
        instance,
        partition,
      })
      this.#commit([...rows, remember], event)
    }
    this.#changed()
    return member
  }

  leave(membership: Membership, reason: 'left' | 'lost'): void {
    const { agentId } = membership.agent
    if (this.#closed) return
    if (this.#members.get(agentId)?.secret !== membership.secret) return
    this.#members.delete(agentId)
    this.#options.timers.clearTimeout(this.#announced.get(agentId)?.timer)
    this.#announced.delete(agentId)
    this.#options.timers.clearTimeout(this.#quietTimers.get(agentId))
    this.#quietTimers.delete(agentId)
    this.#roster.leave(membership.agent)
    const { event, rows } = this.#options.events.append('agent:left', agentId, { reason })
    this.#commit(rows, event)
    this.#changed()
  }

  /** What an agent says that it does. @throws EnsembleError E_NOT_FOUND: it is not there */
  says(agentId: AgentId, command: PresenceCommand): Agent {
    if (this.#roster.says(agentId, command, this.#options.now())) this.#changed()
    return this.agent(agentId)
  }

  /**
   * The same from an agent that may have no connection: then it is there for `ttl` seconds, and gone when it has not said so again.
   * @throws EnsembleError E_AGENT_TYPE, E_AGENT_TAKEN
   */
  announce(agentId: AgentId, { ttl = TTL, partition = null, roles, ...command }: Announcement): Agent {
    const { timers } = this.#options
    if (this.#announced.has(agentId) || !this.#members.has(agentId)) {
      const membership = this.join({ ...splitAgentId(agentId), partition, roles }, () => undefined)
      const timer = timers.setTimeout(() => this.leave(membership, 'lost'), ttl * 1_000)
      this.#announced.set(agentId, { membership, timer })
    }
    return this.says(agentId, command)
  }

  /** An agent without a connection goes. @throws EnsembleError E_AGENT_TAKEN: it has one; E_NOT_FOUND */
  withdraw(agentId: AgentId): void {
    const announced = this.#announced.get(agentId)
    if (announced !== undefined) {
      this.leave(announced.membership, 'left')
      return
    }
    this.agent(agentId)
    throw new EnsembleError('E_AGENT_TAKEN', `${agentId} is connected, and leaves by itself.`, {
      hint: 'End its session: "ensemble disconnect" in its folder.',
    })
  }

  /** @throws EnsembleError E_NOT_FOUND */
  agent(agentId: AgentId): Agent {
    const found = this.#roster.agent(agentId)
    if (found !== undefined) return found
    const here = this.agents().map((agent) => agent.agentId)
    throw new EnsembleError('E_NOT_FOUND', `${agentId} is not there.`, {
      hint: here.length === 0 ? 'No agent is.' : `There are ${here.join(', ')}.`,
    })
  }

  /** Whoever comes as an agent that has no connection is that agent, and takes its place. */
  #takingOver(joining: Joining): Joining {
    const agentId = agentIdOf(joining.type, joining.instance)
    const announced = this.#announced.get(agentId)
    if (announced === undefined) return joining
    this.#options.timers.clearTimeout(announced.timer)
    this.#announced.delete(agentId)
    return { ...joining, secret: announced.membership.secret }
  }

  /** An author's write was committed. */
  wrote(author: Author, file: WorkspacePath): void {
    const agentId = agentOfAuthor(author)
    if (this.#closed || agentId === undefined || !this.#members.has(agentId)) return
    const { timers, now } = this.#options
    const changed = this.#roster.wrote(agentId, file, now())
    timers.clearTimeout(this.#quietTimers.get(agentId))
    const timer = timers.setTimeout(() => {
      this.#quietTimers.delete(agentId)
      if (this.#roster.quiet(agentId, now())) this.#changedSoon()
    }, EDITING_MILLISECONDS)
    this.#quietTimers.set(agentId, timer)
    if (changed) this.#changedSoon()
  }

  /** What an agent says of its own folder. */
  folder({ agent, secret }: Membership, folder: FolderStatus): void {
    if (this.#members.get(agent.agentId)?.secret !== secret) return
    if (this.#roster.folder(agent.agentId, folder)) this.#changed()
  }

  /** Whoever goes from now on goes because the server does: that is nothing to tell of an agent. */
  close(): void {
    this.#closed = true
    this.#options.timers.clearTimeout(this.#soon)
    for (const { timer } of this.#announced.values()) this.#options.timers.clearTimeout(timer)
    this.#announced.clear()
    for (const timer of this.#quietTimers.values()) this.#options.timers.clearTimeout(timer)
    this.#quietTimers.clear()
  }

  #changed(): void {
    const { timers, now } = this.#options
    timers.clearTimeout(this.#soon)
    this.#soon = undefined
    this.#toldAt = now()
    this.#changes.publish(this.agents())
  }

  #changedSoon(): void {
    if (this.#soon !== undefined) return
    const { timers, now } = this.#options
    // The clock may have been set back.
    const wait = Math.min(GATHERED, this.#toldAt + GATHERED - now())
    if (wait <= 0) this.#changed()
    else this.#soon = timers.setTimeout(() => this.#changed(), wait)
  }

  #commit(rows: readonly Row[], event: WorkspaceEvent): void {
    const { queue, eventBus, onError } = this.#options
    queue.enqueue(rows).then(() => {
      eventBus.publish(event)
    }, onError)
  }
}
