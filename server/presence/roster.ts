/**
 * The roster: which agents are connected, and what each is doing. Decisions only; the shell is presence-service.ts.
 *
 * 1. An instance name is held by one connection at a time, over all types (rule MSG-12).
 * 2. Whoever shows the session's secret is the same agent coming back, and takes its own place (rule MSG-10).
 */
import type { Agent, KnownAgent, PresenceCommand } from '../../protocol/agents.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { FolderStatus } from '../../protocol/folder.js'
import { agentIdOf, type AgentId, type AgentInstance, type AgentRole, type AgentType } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'

export interface Joining {
  readonly type: AgentType
  readonly instance: AgentInstance
  readonly partition: WorkspacePath | null
  readonly roles?: readonly AgentRole[] | undefined
  readonly process?: ProcessName | undefined
  readonly secret?: string | undefined
}

export interface ProcessName {
  readonly pid: number
  readonly host: string
}

interface Held {
  agent: Agent
  readonly secret: string
  readonly process: ProcessName | undefined
  /** What it said that it does: shown again when it has not written for a while. */
  said: Pick<Agent, 'state' | 'file' | 'symbol'>
}

/** What outlives an agent's sessions. */
export interface Remembered {
  /** Of first joining. */
  readonly order: number
  /** As it said last. */
  readonly roles: readonly AgentRole[]
}

/** How long after its last write an agent counts as editing. In milliseconds. */
export const EDITING_MILLISECONDS = 15_000

export class Roster {
  readonly #agents = new Map<AgentInstance, Held>()
  readonly #remembered: Map<AgentId, Remembered>

  constructor(remembered: ReadonlyMap<AgentId, Remembered>) {
    this.#remembered = new Map(remembered)
  }

  agents(): Agent[] {
    return [...this.#agents.values()].map(({ agent }) => agent).sort((a, b) => a.order - b.order)
  }

  /** Every agent that ever joined, in that order. */
  known(): KnownAgent[] {
    const known = [...this.#remembered].map(([agentId, { order }]) => ({ agentId, order }))
    return known.sort((a, b) => a.order - b.order)
  }

  /** Also of one that is not connected. */
  rolesOf(agentId: AgentId): readonly AgentRole[] {
    return this.#remembered.get(agentId)?.roles ?? []
  }

  /** @throws EnsembleError E_AGENT_TAKEN */
  join(joining: Joining, secret: string, now: number): { readonly agent: Agent; readonly returned: boolean } {
    const { type, instance, partition, roles = [] } = joining
    const agentId = agentIdOf(type, instance)
    const held = this.#agents.get(instance)
    const returned = held !== undefined && held.agent.agentId === agentId && held.secret === joining.secret
    if (held !== undefined && !returned) {
      throw new EnsembleError(
        'E_AGENT_TAKEN',
        `The name "${instance}" is taken by ${held.agent.agentId}, which is connected.`,
        {
          hint: `Choose another --instance, or end ${whereabouts(held.process)} first.`,
          data: { agentId: held.agent.agentId, connectedAt: held.agent.connectedAt, ...held.process },
        },
      )
    }
    const order = this.#remembered.get(agentId)?.order ?? this.#remembered.size + 1
    this.#remembered.set(agentId, { order, roles })
    const fresh: Agent = {
      ...{ agentId, type, instance, partition, roles: [...roles], order },
      ...{ state: 'idle', file: null, symbol: null, since: now, connectedAt: now, folder: null },
    }
    const agent = returned ? { ...held.agent, partition, roles: [...roles] } : fresh
    const said = returned ? held.said : { state: agent.state, file: null, symbol: null }
    this.#agents.set(instance, { agent, secret, process: joining.process, said })
    return { agent, returned }
  }

  leave(agent: Agent): void {
    if (this.#agents.get(agent.instance)?.agent.agentId === agent.agentId) this.#agents.delete(agent.instance)
  }

  /** Records a write. Returns whether the roster looks different now. */
  wrote(agentId: AgentId, file: WorkspacePath, now: number): boolean {
    const held = this.#find(agentId)
    if (held === undefined) return false
    const { agent } = held
    const same = agent.state === 'editing' && agent.file === file
    const symbol = file === agent.file ? agent.symbol : null
    held.agent = { ...agent, state: 'editing', file, symbol, since: agent.state === 'editing' ? agent.since : now }
    return !same
  }

  /** Ends the editing state of an agent that has been quiet. Returns whether the roster looks different now. */
  quiet(agentId: AgentId, now: number): boolean {
    const held = this.#find(agentId)
    if (held?.agent.state !== 'editing' || held.said.state === 'editing') return false
    const { state, file, symbol } = held.said
    held.agent = { ...held.agent, state, ...(file !== null && { file, symbol }), since: now }
    return true
  }

  /** Records what an agent says that it does. What it leaves out stays. Returns whether the roster looks different now. */
  says(agentId: AgentId, { state, file, symbol }: PresenceCommand, now: number): boolean {
    const held = this.#find(agentId)
    if (held === undefined) return false
    const { agent } = held
    const where = file === undefined ? agent.file : file
    held.said = {
      state,
      file: where,
      symbol: symbol ?? (where === agent.file && symbol === undefined ? agent.symbol : null),
    }
    const next = { ...agent, ...held.said, since: state === agent.state ? agent.since : now }
    held.agent = next
    return next.state !== agent.state || next.file !== agent.file || next.symbol !== agent.symbol
  }

  agent(agentId: AgentId): Agent | undefined {
    return this.#find(agentId)?.agent
  }

  /** Records what an agent says of its folder. Returns whether the roster looks different now. */
  folder(agentId: AgentId, folder: FolderStatus): boolean {
    const held = this.#find(agentId)
    if (held === undefined || JSON.stringify(held.agent.folder) === JSON.stringify(folder)) return false
    held.agent = { ...held.agent, folder }
    return true
  }

  #find(agentId: AgentId): Held | undefined {
    for (const held of this.#agents.values()) if (held.agent.agentId === agentId) return held
    return undefined
  }
}

function whereabouts(process: ProcessName | undefined): string {
  return process === undefined
    ? 'the other connection'
    : `the other one, which is process ${process.pid} on ${process.host},`
}
