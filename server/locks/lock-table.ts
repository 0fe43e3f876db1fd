/**
 * The locks of a workspace: who holds what, who waits, who is next. Pure: `(table, command, now) → {table, …}`.
 *
 * 1. No two agents hold what may not be held together (rules LOCK-2, LOCK-3). One's own locks are never in one's way.
 * 2. Tokens rise with each grant, for ever.
 * 3. A request gets all that it wants at once, or waits and holds nothing of it.
 * 4. Whoever waits is served in the order of asking: a later request passes only those who wait for what its own agent holds.
 * 5. Nobody waits who could be served, nobody waits for longer than asked, and no circle of waiting stays (rule LOCK-9).
 *
 * `now` is milliseconds of a clock that never goes back. What is told outside, in the time of day, is the service's.
 */
import type { LockType } from '../../protocol/locks.js'
import { unreachable } from '../../protocol/errors.js'
import { lockId, type AgentId, type Author, type LockId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Edits } from '../../protocol/text/edits.js'
import { clashes, Places, type Asking, type Blocker, type Lease, type Waiting, type Want } from './blockers.js'
import { findCycle, hasCircle, type Step, type Wait } from './deadlock.js'
import { mapSpan, sameSpan } from './span.js'

/** Why an agent waits for another; null: for a task. */
export type WaitReason = Want | null

export interface LockTable {
  readonly lastToken: number
  readonly leases: ReadonlyMap<LockId, Lease>
  /** In the order of their turn. */
  readonly waiting: readonly Waiting[]
  /** Who waits for whom because of tasks. */
  readonly tasks: ReadonlyMap<AgentId, readonly AgentId[]>
}

export const EMPTY_TABLE: LockTable = { lastToken: 0, leases: new Map(), waiting: [], tasks: new Map() }

export type LockCommandInside =
  /** @param wait milliseconds; 0: now or not at all */
  | ({ readonly kind: 'acquire'; readonly wait: number } & Asking)
  /** Whoever asked is not there any more. */
  | { readonly kind: 'withdraw'; readonly request: number }
  | { readonly kind: 'release'; readonly ids: readonly LockId[] }
  | { readonly kind: 'break'; readonly id: LockId; readonly by: Author }
  /** @param ttl milliseconds */
  | { readonly kind: 'renew'; readonly ids: readonly LockId[]; readonly ttl?: number | undefined }
  | { readonly kind: 'gone'; readonly agent: AgentId; readonly reason: 'left' | 'lost' }
  | { readonly kind: 'edited'; readonly path: WorkspacePath; readonly edits: Edits; readonly author: string }
  /** A file has another path. */
  | { readonly kind: 'moved'; readonly from: WorkspacePath; readonly to: WorkspacePath; readonly by: Author }
  | { readonly kind: 'tasks'; readonly waitsFor: ReadonlyMap<AgentId, readonly AgentId[]> }
  /** Time has passed. */
  | { readonly kind: 'tick' }

export interface Refused {
  readonly reason: 'held' | 'timeout' | 'deadlock'
  readonly blocker: Blocker
  /** Until the leases in the way have ended, at the latest. Milliseconds. */
  readonly expectedWait: number
  readonly place: number
  readonly cycle: readonly Step<WaitReason>[]
}

export type Settled = {
  readonly asking: Asking
  /** Milliseconds. */
  readonly waited: number
} & (
  | { readonly outcome: 'granted'; readonly leases: readonly Lease[]; readonly fresh: readonly Lease[] }
  | { readonly outcome: 'refused'; readonly refused: Refused }
  /** Whoever asked is gone. */
  | { readonly outcome: 'withdrawn' }
)

export interface Ended {
  readonly lease: Lease
  readonly reason: 'released' | 'left' | 'lost' | 'forced' | 'expired'
  readonly by: Author
}

export interface Decided {
  readonly table: LockTable
  /** Requests that have their answer now, in the order in which they got it. */
  readonly settled: readonly Settled[]
  readonly ended: readonly Ended[]
}

/** By path, of the newest tables: each is handed on to the table that follows. A table that has none is looked through anew. */
const PLACES = new WeakMap<LockTable, Places>()

export function decide(table: LockTable, command: LockCommandInside, now: number): Decided {
  const draft = new Draft(table, now)
  draft.expire()
  draft.carryOut(command)
  draft.advance()
  return draft.decided()
}

/** When something of the table ends by itself; Infinity: never. */
export function nextDeadline({ leases, waiting }: LockTable): number {
  let next = Infinity
  for (const { expires } of leases.values()) next = Math.min(next, expires)
  for (const { until } of waiting) next = Math.min(next, until)
  return next
}

function samePlace(a: Want, b: Want): boolean {
  return a.path === b.path && sameSpan(a.span, b.span)
}

/** What a lock becomes that is asked for again as `type`; undefined: they stand beside each other. */
function joined(held: LockType, type: LockType): LockType | undefined {
  if (held === type) return held
  return held === 'REVIEW' || type === 'REVIEW' ? undefined : 'EXCLUSIVE'
}

function lastsUntil({ lease }: Blocker): number {
  return lease?.expires ?? -Infinity
}

class Draft {
  readonly #now: number
  readonly #settled: Settled[] = []
  readonly #ended: Ended[] = []
  #lastToken: number
  #leases: Map<LockId, Lease>
  #waiting: readonly Waiting[]
  #tasks: LockTable['tasks']
  #known: Places | undefined
  /** What may have changed who has to wait for whom. */
  #news: 'none' | 'one waits' | 'any' = 'none'

  constructor(table: LockTable, now: number) {
    this.#now = now
    this.#lastToken = table.lastToken
    this.#leases = new Map(table.leases)
    this.#waiting = table.waiting
    this.#tasks = table.tasks
    this.#known = PLACES.get(table)
    PLACES.delete(table)
  }

  decided(): Decided {
    const table = { lastToken: this.#lastToken, leases: this.#leases, waiting: this.#waiting, tasks: this.#tasks }
    if (this.#known !== undefined) PLACES.set(table, this.#known)
    return { table, settled: this.#settled, ended: this.#ended }
  }

  expire(): void {
    for (const lease of [...this.#leases.values()]) {
      if (lease.expires <= this.#now) this.#end(lease, 'expired', lease.holder)
    }
  }

  carryOut(command: LockCommandInside): void {
    switch (command.kind) {
      case 'acquire': {
        const { wait, request, holder, wants, ttl, bound } = command
        const asking = { request, holder, wants, ttl, bound, since: this.#now, until: this.#now + wait }
        if (!this.#places.isBlocked(asking)) this.#grant(asking)
        else if (wait > 0) this.#append(asking)
        else this.#refuse(asking, 'held')
        return
      }
      case 'withdraw': {
        const asking = this.#waiting.find(({ request }) => request === command.request)
        if (asking === undefined) return
        this.#remove(asking)
        this.#settled.push({ asking, waited: this.#now - asking.since, outcome: 'withdrawn' })
        return
      }
      case 'release':
        for (const id of command.ids) {
          const lease = this.#leases.get(id)
          if (lease !== undefined) this.#end(lease, 'released', lease.holder)
        }
        return
      case 'break': {
        const lease = this.#leases.get(command.id)
        if (lease !== undefined) this.#end(lease, 'forced', command.by)
        return
      }
      case 'renew':
        for (const id of command.ids) {
          const lease = this.#leases.get(id)
          if (lease !== undefined) this.#put(this.#renewed(lease, command.ttl ?? lease.ttl))
        }
        return
      case 'gone':
        // What it asks for over a connection of its own goes on, and is no connection's any more.
        this.#waiting = this.#waiting.map((one) => (one.holder === command.agent ? { ...one, bound: false } : one))
        this.#known = undefined
        for (const lease of [...this.#leases.values()]) {
          if (lease.holder === command.agent && lease.bound) this.#end(lease, command.reason, lease.holder)
        }
        return
      case 'edited':
        this.#edited(command.path, command.edits, command.author)
        return
      case 'moved':
        this.#giveWay(command)
        this.#mapWants((want) => (want.path === command.from ? { ...want, path: command.to } : want))
        return
      case 'tasks':
        this.#tasks = command.waitsFor
        this.#news = 'any'
        return
      case 'tick':
        return
      default:
        unreachable(command)
    }
  }

  /** Serves whoever can be served, and ends what waited too long or in a circle. */
  advance(): void {
    for (;;) {
      if (this.#isAnyoneDue()) while (this.#serve());
      const victim = this.#victim()
      if (victim === undefined) return
      const { asking, cycle } = victim
      this.#refuse(asking, 'deadlock', cycle)
      this.#remove(asking)
    }
  }

  /** Where one more waits, and nothing else is new, all others go on waiting. */
  #isAnyoneDue(): boolean {
    return this.#news === 'any' || this.#waiting.some(({ until }) => until <= this.#now)
  }

  /** Goes through those who wait, once. What one was given may let its agent's other requests pass: then it returns true. */
  #serve(): boolean {
    let served = false
    const left: Waiting[] = []
    for (const asking of this.#waiting) {
      if (!this.#places.isBlocked(asking)) {
        this.#grant(asking)
        served = true
      } else if (asking.until <= this.#now) this.#refuse(asking, 'timeout')
      else {
        left.push(asking)
        continue
      }
      this.#places.remove(asking)
      this.#news = 'any'
    }
    this.#waiting = left
    return served
  }

  get #places(): Places {
    return (this.#known ??= new Places(this.#leases.values(), this.#waiting))
  }

  /** Of the requests that wait in a circle, the one that has waited least. */
  #victim(): { readonly asking: Waiting; readonly cycle: readonly Step<WaitReason>[] } | undefined {
    if (this.#waiting.length === 0 || this.#news === 'none') return undefined
    const own = new Map<AgentId, Waiting[]>()
    for (const asking of this.#waiting) {
      const those = own.get(asking.holder)
      if (those === undefined) own.set(asking.holder, [asking])
      else those.push(asking)
    }
    const tasks = this.#tasks
    const places = this.#places
    // What is new leads through the one who began to wait last, or may be anywhere.
    const starts = this.#news === 'one waits' ? this.#waiting.slice(-1) : this.#waiting
    const [start] = starts
    if (this.#news === 'one waits' && start !== undefined) {
      const isAlone = own.get(start.holder)?.length === 1
      if (isAlone && !this.#isWaitedFor(start.holder)) return undefined
    }
    const circle = hasCircle(
      starts.map(({ holder }) => holder),
      function* (agent, done) {
        for (const asking of own.get(agent) ?? []) {
          for (const { waitsFor } of places.waitsOf(asking, done)) yield waitsFor
        }
        for (const other of tasks.get(agent) ?? []) if (other !== agent) yield other
      },
    )
    if (!circle) return undefined
    const graph = new Map<AgentId, Wait<WaitReason>[]>()
    const add = (agent: AgentId, wait: Wait<WaitReason>): void => {
      const waits = graph.get(agent)
      if (waits === undefined) graph.set(agent, [wait])
      else waits.push(wait)
    }
    for (const asking of this.#waiting) for (const wait of this.#places.waitsOf(asking)) add(asking.holder, wait)
    for (const [agent, others] of this.#tasks) {
      for (const waitsFor of others) if (waitsFor !== agent) add(agent, { waitsFor, reason: null })
    }
    // Circles of tasks alone are not ours to break: they are found, and passed by, agent by agent.
    for (const asking of [...this.#waiting].reverse()) {
      const cycle = cycleThrough(asking, graph)
      if (cycle !== undefined) return { asking, cycle }
    }
    return undefined
  }

  /** Whether anyone may wait for an agent, besides behind what it waits for itself. */
  #isWaitedFor(agent: AgentId): boolean {
    for (const { holder, path } of this.#leases.values()) {
      if (holder === agent && this.#places.isWanted(path)) return true
    }
    return [...this.#tasks.values()].some((others) => others.includes(agent))
  }

  #grant(asking: Waiting): void {
    this.#news = 'any'
    const leases: Lease[] = []
    const fresh: Lease[] = []
    for (const want of asking.wants) {
      const own = this.#ownAt(asking.holder, want)
      const lease = own === undefined ? this.#made(asking, want) : this.#again(own, want, asking)
      if (own?.type !== lease.type) fresh.push(lease)
      this.#put(lease)
      leases.push(lease)
    }
    this.#settled.push({ asking, waited: this.#now - asking.since, outcome: 'granted', leases, fresh })
  }

  #ownAt(holder: AgentId, want: Want): Lease | undefined {
    const own = this.#places.ownAt(holder, want.path)
    return own.find((lease) => samePlace(lease, want) && joined(lease.type, want.type) !== undefined)
  }

  #made({ holder, ttl, bound }: Asking, want: Want): Lease {
    const token = ++this.#lastToken
    const times = { since: this.#now, expires: this.#now + ttl, ttl }
    return { ...want, id: lockId.parse(`l${token}`), token, holder, ...times, bound }
  }

  #again(own: Lease, want: Want, { ttl, bound }: Asking): Lease {
    return { ...this.#renewed(own, ttl), type: joined(own.type, want.type) ?? own.type, bound: own.bound || bound }
  }

  /** A renewal never makes a life shorter that was already given. */
  #renewed(lease: Lease, ttl: number): Lease {
    return { ...lease, ttl, expires: Math.max(lease.expires, this.#now + ttl) }
  }

  #refuse(asking: Waiting, reason: Refused['reason'], cycle: Refused['cycle'] = []): void {
    const blockers = this.#places.blockersOf(asking)
    const [first] = blockers
    if (first === undefined) throw new Error('what nobody holds up is granted, not refused')
    const ahead = blockers.filter(({ lease }) => lease === null).map(({ holder }) => holder)
    const leases = blockers.flatMap(({ lease }) => lease ?? [])
    const expectedWait = Math.max(0, ...leases.map(({ expires }) => expires - this.#now))
    // Named is who lasts longest: that is for how long it is said to last.
    const blocker = blockers.reduce((named, one) => (lastsUntil(one) > lastsUntil(named) ? one : named), first)
    const refused = { reason, blocker, expectedWait, place: new Set(ahead).size + 1, cycle }
    this.#settled.push({ asking, waited: this.#now - asking.since, outcome: 'refused', refused })
  }

  #end(lease: Lease, reason: Ended['reason'], by: Author): void {
    this.#news = 'any'
    this.#leases.delete(lease.id)
    this.#known?.end(lease)
    this.#ended.push({ lease, reason, by })
  }

  #put(lease: Lease): void {
    this.#leases.set(lease.id, lease)
    this.#known?.hold(lease)
  }

  #append(asking: Waiting): void {
    if (this.#news === 'none') this.#news = 'one waits'
    this.#waiting = [...this.#waiting, asking]
    this.#known?.append(asking)
  }

  #remove(asking: Waiting): void {
    this.#news = 'any'
    this.#waiting = this.#waiting.filter((other) => other !== asking)
    this.#known?.remove(asking)
  }

  /** Locks go along with their text. What others hold ahead of a file where it comes to ends, as far as the two don't go together. */
  #giveWay({ from, to, by }: { readonly from: WorkspacePath; readonly to: WorkspacePath; readonly by: Author }): void {
    const leases = [...this.#leases.values()]
    const coming = leases.filter(({ path }) => path === from).map((lease) => ({ ...lease, path: to }))
    for (const lease of leases) {
      if (coming.some((one) => one.holder !== lease.holder && clashes(one, lease))) this.#end(lease, 'forced', by)
    }
  }

  #edited(path: WorkspacePath, edits: Edits, author: string): void {
    this.#mapWants((want, holder) =>
      want.path === path && want.span !== null ? { ...want, span: mapSpan(want.span, edits, holder === author) } : want,
    )
  }

  #mapWants(map: <W extends Want>(want: W, holder: AgentId) => W): void {
    this.#news = 'any'
    this.#known = undefined
    for (const [id, lease] of this.#leases) {
      const mapped = map(lease, lease.holder)
      if (mapped !== lease) this.#leases.set(id, mapped)
    }
    this.#waiting = this.#waiting.map((asking) => {
      const wants = asking.wants.map((want) => map(want, asking.holder))
      return wants.every((want, at) => want === asking.wants[at]) ? asking : { ...asking, wants }
    })
  }
}

/** A circle in which this very request waits. */
function cycleThrough(
  asking: Waiting,
  graph: ReadonlyMap<AgentId, readonly Wait<WaitReason>[]>,
): readonly Step<WaitReason>[] | undefined {
  const own = (graph.get(asking.holder) ?? []).filter(({ reason }) => reason !== null && asking.wants.includes(reason))
  return findCycle(asking.holder, new Map(graph).set(asking.holder, own))
}
