/**
 * Who stands in the way of a request for locks. What is asked for a request costs what stands in its paths, not all there is.
 */
import { COMPATIBLE, type LockRegion, type LockType } from '../../protocol/locks.js'
import type { AgentId, LockId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Wait } from './deadlock.js'
import { overlap, type Span } from './span.js'

export interface Want {
  readonly path: WorkspacePath
  /** As it was asked for. */
  readonly region: LockRegion
  /** Where that stands in the text as it is; null: everywhere. */
  readonly span: Span | null
  readonly type: LockType
}

export interface Lease extends Want {
  readonly id: LockId
  readonly token: number
  readonly holder: AgentId
  readonly since: number
  readonly expires: number
  /** Milliseconds. */
  readonly ttl: number
  /** Whether its holder was connected: then it ends with the connection (rule LOCK-7). */
  readonly bound: boolean
}

export interface Asking {
  /** Given by whoever asks, once. */
  readonly request: number
  readonly holder: AgentId
  readonly wants: readonly Want[]
  /** Milliseconds. */
  readonly ttl: number
  readonly bound: boolean
}

export interface Waiting extends Asking {
  readonly since: number
  /** When it gives up. */
  readonly until: number
}

/** Who stands in the way of a request, and with what; `lease` null: waits itself, and is first. */
export interface Blocker {
  readonly holder: AgentId
  readonly lease: Lease | null
  /** What it has or wants. */
  readonly theirs: Want
  readonly since: number
  readonly want: Want
}

export function clashes(a: Want, b: Want): boolean {
  return a.path === b.path && !COMPATIBLE[a.type][b.type] && overlap(a.span, b.span)
}

/** What is held and waited for, by path; follows what is done to the table. */
export class Places {
  readonly #held = new Map<WorkspacePath, Map<AgentId, Lease[]>>()
  /** In the order of their turn, each once. */
  readonly #wanted = new Map<WorkspacePath, Waiting[]>()
  readonly #turns = new Map<Asking, number>()
  #nextTurn = 0

  constructor(leases: Iterable<Lease>, waiting: readonly Waiting[]) {
    for (const lease of leases) this.hold(lease)
    for (const asking of waiting) this.append(asking)
  }

  /** It is held, or held otherwise than before; where it is stays. */
  hold(lease: Lease): void {
    const there = this.#held.get(lease.path) ?? new Map<AgentId, Lease[]>()
    this.#held.set(lease.path, there)
    const own = there.get(lease.holder) ?? []
    there.set(lease.holder, own)
    const at = own.findIndex(({ id }) => id === lease.id)
    if (at === -1) own.push(lease)
    else own[at] = lease
  }

  end({ id, path, holder }: Lease): void {
    const there = this.#held.get(path)
    const left = there?.get(holder)?.filter((lease) => lease.id !== id) ?? []
    if (left.length > 0) there?.set(holder, left)
    else there?.delete(holder)
  }

  /** It waits, behind all others. */
  append(asking: Waiting): void {
    this.#turns.set(asking, this.#nextTurn++)
    for (const path of pathsOf(asking)) {
      const there = this.#wanted.get(path)
      if (there === undefined) this.#wanted.set(path, [asking])
      else there.push(asking)
    }
  }

  remove(asking: Waiting): void {
    this.#turns.delete(asking)
    for (const path of pathsOf(asking)) {
      const there = this.#wanted.get(path) ?? []
      this.#wanted.set(
        path,
        there.filter((other) => other !== asking),
      )
    }
  }

  /** What an agent holds at a path. */
  ownAt(holder: AgentId, path: WorkspacePath): readonly Lease[] {
    return this.#held.get(path)?.get(holder) ?? []
  }

  /** Whether anyone waits for something at a path. */
  isWanted(path: WorkspacePath): boolean {
    return (this.#wanted.get(path)?.length ?? 0) > 0
  }

  /** Leases first, want by want, in the order of their grants; then who is before it in the queue. */
  blockersOf(asking: Asking): readonly Blocker[] {
    const blockers: Blocker[] = []
    for (const want of asking.wants) {
      const leases = [...(this.#held.get(want.path)?.values() ?? [])].flat().sort((a, b) => a.token - b.token)
      for (const lease of leases) {
        if (lease.holder === asking.holder || !clashes(lease, want)) continue
        blockers.push({ holder: lease.holder, lease, theirs: lease, since: lease.since, want })
      }
    }
    for (const before of this.#earlier(asking)) {
      const clash = this.#inWay(before, asking)
      if (clash !== undefined) blockers.push({ holder: before.holder, lease: null, since: before.since, ...clash })
    }
    return blockers
  }

  isBlocked(asking: Asking): boolean {
    return this.waitsOf(asking).next().done !== true
  }

  /**
   * Each agent for which a request waits, once, with the first of its wants that this is for.
   * @param skip agents that are not asked for
   */
  *waitsOf(asking: Asking, skip?: ReadonlySet<AgentId>): Generator<Wait<Want>, void> {
    const seen = new Set<AgentId>([asking.holder])
    const isNew = (agent: AgentId): boolean => !seen.has(agent) && skip?.has(agent) !== true
    for (const want of asking.wants) {
      for (const [waitsFor, leases] of this.#held.get(want.path) ?? []) {
        if (!isNew(waitsFor) || !leases.some((lease) => clashes(lease, want))) continue
        seen.add(waitsFor)
        yield { waitsFor, reason: want }
      }
    }
    const turn = this.#turns.get(asking) ?? Infinity
    for (const path of pathsOf(asking)) {
      for (const before of this.#wanted.get(path) ?? []) {
        if ((this.#turns.get(before) ?? Infinity) >= turn) break
        if (!isNew(before.holder)) continue
        const clash = this.#inWay(before, asking)
        if (clash === undefined) continue
        seen.add(before.holder)
        yield { waitsFor: before.holder, reason: clash.want }
      }
    }
  }

  /** Those before it in the queue that want something of the same paths. One that does not wait comes after all. */
  #earlier(asking: Asking): Waiting[] {
    const turn = this.#turns.get(asking) ?? Infinity
    const found = new Map<Waiting, number>()
    for (const path of pathsOf(asking)) {
      for (const other of this.#wanted.get(path) ?? []) {
        const before = this.#turns.get(other) ?? Infinity
        if (before >= turn) break
        found.set(other, before)
      }
    }
    return [...found].sort(([, a], [, b]) => a - b).map(([other]) => other)
  }

  /** One that waits for what the other agent has is passed by it. */
  #inWay(before: Waiting, asking: Asking): { readonly theirs: Want; readonly want: Want } | undefined {
    if (before.holder === asking.holder) return undefined
    const clash = clashOf(before.wants, asking.wants)
    return clash === undefined || this.#isHeldUpBy(before, asking.holder) ? undefined : clash
  }

  #isHeldUpBy({ wants }: Asking, holder: AgentId): boolean {
    return wants.some((want) => this.ownAt(holder, want.path).some((lease) => clashes(lease, want)))
  }
}

function pathsOf({ wants }: Asking): ReadonlySet<WorkspacePath> {
  return new Set(wants.map(({ path }) => path))
}

function clashOf(theirs: readonly Want[], wants: readonly Want[]): { theirs: Want; want: Want } | undefined {
  for (const want of wants) {
    const found = theirs.find((one) => clashes(one, want))
    if (found !== undefined) return { theirs: found, want }
  }
  return undefined
}
