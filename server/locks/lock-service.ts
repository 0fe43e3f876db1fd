/**
 * The locks of the workspace: carries commands to the table, keeps its rows and timers, tells what came of it.
 *
 * 1. What is answered, and what is told, is on stable storage first; tokens rise for ever (rule LOCK-1).
 * 2. Durations are of a clock that nobody can set; times of day are only shown.
 * 3. Locks outlive the server. Those of agents that do not come back end after a grace (rule LOCK-7).
 */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead } from '../../protocol/files.js'
import type { AgentId, Author, LockId } from '../../protocol/ids.js'
import type {
  Lock,
  LockCommand,
  LockedAhead,
  LockResult,
  LocksList,
  LocksQuery,
  RenewCommand,
  UnlockCommand,
} from '../../protocol/locks.js'
import { placeText } from '../../protocol/lock-words.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Edits } from '../../protocol/text/edits.js'
import { EventBus, type Disposer } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { CommitQueue, Timers } from '../storage/commit-queue.js'
import type { Row, Storage } from '../storage/storage.js'
import { assertRoom, notHeld, stopping, withdrawn } from './lock-faults.js'
import { Places, type Lease, type Want } from './blockers.js'
import { decide, nextDeadline, type Decided, type LockCommandInside, type LockTable } from './lock-table.js'
import { changedPaths, eventLock, eventRegion, lockOf, refusalOf, waiterOf } from './lock-words.js'
import { Regions, type RegionsOptions } from './regions.js'
import { forgetRow, leaseRow, loadTable, tokenRow, type Moment, type Texts } from './stored-leases.js'

export interface LockServiceOptions extends RegionsOptions, Texts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly events: EventLog
  readonly eventBus: EventBus<WorkspaceEvent>
  readonly now: () => number
  readonly elapsed: () => number
  readonly timers: Timers
  /** Milliseconds that a broken connection keeps its locks. */
  readonly grace: number
  readonly isConnected: (agent: AgentId) => boolean
  /** Paths of files that are like this one. */
  readonly near: (path: WorkspacePath) => readonly WorkspacePath[]
  readonly onError: (error: unknown) => void
}

/** So far apart from one look to the next, the wall clock was set. In milliseconds. */
const SET = 50
/** The longest that a timer can take. In milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

interface Asked {
  readonly resolve: (result: LockResult) => void
  readonly reject: (error: EnsembleError) => void
}

export class LockService {
  readonly #options: LockServiceOptions
  readonly #regions: Regions
  readonly #changes: EventBus<WorkspacePath>
  readonly #asked = new Map<number, Asked>()
  readonly #graces = new Map<AgentId, unknown>()
  readonly #disposers: Disposer[]
  #table: LockTable
  #request = 0
  /** Of the wall clock and the other one. */
  #apart = Infinity
  #timer: { readonly due: number; readonly handle: unknown } | undefined
  #closed = false

  constructor(options: LockServiceOptions) {
    this.#options = options
    this.#regions = new Regions(options)
    this.#changes = new EventBus(options.onError)
    this.#table = loadTable(options.storage, options, this.#moment())
    this.#disposers = [
      options.eventBus.subscribe((event) => {
        if (event.agent_id === undefined) return
        if (event.type === 'agent:joined') this.#endGrace(event.agent_id)
        else if (event.type === 'agent:left') this.#left(event.agent_id, event.data.reason)
      }),
    ]
    const bound = [...this.#table.leases.values()].filter((lease) => lease.bound)
    for (const holder of new Set(bound.map((lease) => lease.holder))) this.#beginGrace(holder)
    this.#schedule()
  }

  get count(): number {
    return this.#table.leases.size
  }

  /** Those of one path, as they stand in the text of its head; all that keeps others out comes from here. */
  leasesAt(path: WorkspacePath): readonly Lease[] {
    return [...this.#table.leases.values()].filter(
      (lease) => lease.path === path && lease.expires > this.#options.elapsed(),
    )
  }

  /** Those of one path that are their holder's alone to change. Offsets in the text of its head; Infinity: all of it. */
  closedRegions(path: WorkspacePath): { lock: Pick<Lease, 'id' | 'holder'>; from: number; to: number }[] {
    return this.leasesAt(path)
      .filter(({ type }) => type === 'EXCLUSIVE')
      .map(({ id, holder, span }) => ({ lock: { id, holder }, from: span?.from.at ?? 0, to: span?.to.at ?? Infinity }))
  }

  /** Whose lock has this token; null: nobody's, any more. */
  holderOf(token: number): AgentId | null {
    const now = this.#options.elapsed()
    for (const lease of this.#table.leases.values())
      if (lease.token === token && lease.expires > now) return lease.holder
    return null
  }

  /** Hears the path of all that `list` tells otherwise now: of who holds, who waits, where, and for how long. */
  onChange(listener: (path: WorkspacePath) => void): Disposer {
    return this.#changes.subscribe(listener)
  }

  list({ path, holder }: LocksQuery): LocksList {
    const moment = this.#moment()
    const isAsked = (want: Pick<Want, 'path'>, by: AgentId): boolean =>
      (path === undefined || want.path === path) && (holder === undefined || by === holder)
    const leases = [...this.#table.leases.values()].filter(
      (one) => one.expires > moment.elapsed && isAsked(one, one.holder),
    )
    const asked = this.#table.waiting.filter(({ wants, holder: by }) => wants.some((want) => isAsked(want, by)))
    const places = new Places(asked.length === 0 ? [] : this.#table.leases.values(), this.#table.waiting)
    const waiting = asked.map((asking) => waiterOf(places, asking, moment))
    return { locks: leases.map((lease) => lockOf(lease, moment)).sort((a, b) => a.token - b.token), waiting }
  }

  /**
   * @param gone fires when whoever asked is not there any more: then nothing is granted to it
   * @throws EnsembleError E_NOT_FOUND, E_RANGE, E_UNKNOWN_SYMBOL, E_LIMIT, E_STORAGE_…
   */
  async acquire({ wants, ttl, wait }: LockCommand, holder: AgentId, gone?: AbortSignal): Promise<LockResult> {
    this.#assertOpen()
    assertRoom(this.#table, holder, wants.length)
    const { promise, asked } = deferred()
    const request = ++this.#request
    const withdraw = (): void => {
      void this.#act({ kind: 'withdraw', request })
    }
    await this.#regions.find(wants, holder, (found) => {
      this.#assertOpen()
      if (gone?.aborted === true) throw withdrawn()
      this.#asked.set(request, asked)
      gone?.addEventListener('abort', withdraw, { once: true })
      const bound = this.#options.isConnected(holder)
      void this.#act({ kind: 'acquire', request, holder, wants: found, ttl: ttl * 1000, wait: wait * 1000, bound })
    })
    return await promise.finally(() => {
      gone?.removeEventListener('abort', withdraw)
    })
  }

  /** @throws EnsembleError E_LOCK_NOT_HELD: then nothing is released */
  async release(command: UnlockCommand, holder: AgentId): Promise<readonly Lock[]> {
    this.#assertOpen()
    const leases = 'ids' in command ? this.#own(command.ids, holder) : this.#ownIn(command, holder)
    const released = this.#show(leases)
    await this.#act({ kind: 'release', ids: leases.map(({ id }) => id) })
    return released
  }

  /** @throws EnsembleError E_LOCK_NOT_HELD: then nothing is renewed */
  async renew({ ids, ttl }: RenewCommand, holder: AgentId): Promise<readonly Lock[]> {
    this.#assertOpen()
    this.#own(ids, holder)
    const done = this.#act({ kind: 'renew', ids, ttl: ttl === undefined ? undefined : ttl * 1000 })
    const renewed = this.#show(this.#own(ids, holder))
    await done
    return renewed
  }

  /** Takes a lock away from whoever holds it. @throws EnsembleError E_NOT_FOUND */
  async break(id: LockId, by: Author): Promise<Lock> {
    this.#assertOpen()
    const lease = this.#table.leases.get(id)
    const [lock] = lease === undefined ? [] : this.#show([lease])
    if (lock === undefined)
      throw new EnsembleError('E_NOT_FOUND', `There is no lock ${id}.`, { hint: 'It may have ended.' })
    await this.#act({ kind: 'break', id, by })
    return lock
  }

  /** A commit made a new head: regions move with its text, and locks go along with a renamed file, in the same step. */
  follow({ path, rev, author }: FileHead, left: WorkspacePath | undefined, edits: Edits | null): void {
    if (left !== undefined && this.#isMeant(({ path: at }) => at === left))
      void this.#act({ kind: 'moved', from: left, to: path, by: author })
    if (edits === null || edits.length === 0) return
    this.#regions.edited(path, rev, edits, author)
    if (!this.#isMeant((want) => want.path === path && want.span !== null)) return
    void this.#act({ kind: 'edited', path, edits, author })
  }

  /** Whether anyone holds or waits for such a place. */
  #isMeant(isSuch: (want: Want) => boolean): boolean {
    const { leases, waiting } = this.#table
    return [...leases.values()].some(isSuch) || waiting.some(({ wants }) => wants.some(isSuch))
  }

  /** Who waits for whom because of tasks. */
  setTaskWaits(waitsFor: ReadonlyMap<AgentId, readonly AgentId[]>): void {
    void this.#act({ kind: 'tasks', waitsFor })
  }

  close(): void {
    this.#closed = true
    for (const dispose of this.#disposers.splice(0)) dispose()
    for (const timer of this.#graces.values()) this.#options.timers.clearTimeout(timer)
    this.#graces.clear()
    this.#options.timers.clearTimeout(this.#timer?.handle)
    for (const { reject } of this.#asked.values()) reject(stopping())
    this.#asked.clear()
  }

  /** Resolves when what came of it is durable; rejects while storage fails. */
  #act(command: LockCommandInside): Promise<void> {
    if (this.#closed) return Promise.resolve()
    // A revision makes no room for anyone. With every other command somebody may get what he waits for.
    if (command.kind !== 'edited' && command.kind !== 'moved')
      for (const { wants } of this.#table.waiting) for (const { path } of wants) this.#options.seal(path)
    const before = this.#table
    const decided = decide(before, command, this.#options.elapsed())
    this.#table = decided.table
    this.#schedule()
    const { rows, events } = this.#told(before, decided)
    if (command.kind === 'renew') rows.push(...this.#stored(command.ids))
    if (command.kind === 'moved') rows.push(...this.#stored(this.leasesAt(command.to).map(({ id }) => id)))
    const { queue, eventBus, onError } = this.#options
    for (const path of changedPaths(before, decided, command)) this.#changes.publish(path)
    const results = decided.settled.map((one) => ({
      asked: this.#takeAsked(one.asking.request),
      result: this.#result(one),
    }))
    if (rows.length === 0 && results.length === 0) return Promise.resolve()
    const commit = queue.enqueue(rows)
    commit.then(() => {
      for (const event of events) eventBus.publish(event)
    }, onError)
    const answered = queue.unlessDegraded(() => commit)
    for (const { asked, result } of results) {
      answered.then(
        () => {
          if (result === null) asked?.reject(withdrawn())
          else asked?.resolve(result)
        },
        (error: unknown) => asked?.reject(toEnsembleError(error)),
      )
    }
    answered.catch(() => undefined) // whoever waits for it hears; timers and edits have nobody
    return answered
  }

  #told(
    before: LockTable,
    { table, settled, ended }: Decided,
  ): { readonly rows: Row[]; readonly events: WorkspaceEvent[] } {
    const moment = this.#moment()
    const rows: Row[] = []
    const events: WorkspaceEvent[] = []
    const add = (noted: { readonly event: WorkspaceEvent; readonly rows: readonly Row[] }): void => {
      events.push(noted.event)
      rows.push(...noted.rows)
    }
    const { events: log, head } = this.#options
    for (const { lease, reason, by } of ended) {
      rows.push(forgetRow(lease))
      const data = eventLock(lease)
      if (reason === 'expired') add(log.append('lock:expired', lease.holder, data))
      else add(log.append('lock:released', lease.holder, { ...data, reason, ...(reason === 'forced' ? { by } : {}) }))
    }
    for (const one of settled) {
      const waited = Math.round(one.waited)
      if (one.outcome === 'granted') {
        for (const lease of one.leases) rows.push(leaseRow(lease, head(lease.path), moment))
        for (const lease of one.fresh) {
          const { expiresAt } = lockOf(lease, moment)
          add(log.append('lock:acquired', lease.holder, { ...eventLock(lease), expires_at: expiresAt, waited }))
        }
      } else if (one.outcome === 'refused') {
        const { reason, blocker, place } = one.refused
        const { want, lease, holder } = blocker
        const { since, cycle, expectedWait } = refusalOf(one.refused, moment)
        const data = {
          ...{
            lock_id: lease?.id ?? null,
            path: want.path,
            region: eventRegion(want),
            lock_type: want.type,
            holder,
            reason,
          },
          ...{ waited, since, expected_wait: expectedWait, queue_place: place },
          ...(cycle === undefined ? {} : { cycle }),
        }
        add(log.append('lock:failed', one.asking.holder, data))
      }
    }
    if (table.lastToken !== before.lastToken) rows.push(tokenRow(table.lastToken))
    return { rows, events }
  }

  #stored(ids: readonly LockId[]): Row[] {
    return ids.flatMap((id) => {
      const lease = this.#table.leases.get(id)
      return lease === undefined ? [] : [leaseRow(lease, this.#options.head(lease.path), this.#moment())]
    })
  }

  #result(one: Decided['settled'][number]): LockResult | null {
    switch (one.outcome) {
      case 'granted':
        return {
          outcome: 'granted',
          locks: this.#show(one.leases),
          waited: Math.round(one.waited),
          ...this.#ahead(one.leases),
        }
      case 'refused':
        return { outcome: 'refused', refusal: refusalOf(one.refused, this.#moment()) }
      case 'withdrawn':
        return null
    }
  }

  /** Of locks on paths at which no file is: useful, or a slip of the pen. */
  #ahead(leases: readonly Lease[]): { readonly ahead?: LockedAhead[] } {
    const { head, near } = this.#options
    const paths = new Set(leases.flatMap(({ path }) => (head(path)?.deleted === false ? [] : [path])))
    return paths.size === 0 ? {} : { ahead: [...paths].map((path) => ({ path, near: [...near(path)] })) }
  }

  #takeAsked(request: number): Asked | undefined {
    const asked = this.#asked.get(request)
    this.#asked.delete(request)
    return asked
  }

  #schedule(): void {
    const { timers, elapsed } = this.#options
    const due = nextDeadline(this.#table)
    if (this.#timer?.due === due) return
    timers.clearTimeout(this.#timer?.handle)
    this.#timer = undefined
    if (due === Infinity) return
    const handle = timers.setTimeout(
      () => {
        this.#timer = undefined
        void this.#act({ kind: 'tick' })
        this.#schedule()
      },
      Math.min(LONGEST_TIMER, Math.max(0, Math.ceil(due - elapsed()))),
    )
    this.#timer = { due, handle }
  }

  #left(agent: AgentId, reason: 'left' | 'lost' | 'replaced'): void {
    if (this.#options.isConnected(agent)) return // it is back already
    if (reason === 'left') void this.#act({ kind: 'gone', agent, reason })
    else if (reason === 'lost') this.#beginGrace(agent)
  }

  #beginGrace(agent: AgentId): void {
    this.#endGrace(agent)
    const timer = this.#options.timers.setTimeout(() => {
      this.#graces.delete(agent)
      void this.#act({ kind: 'gone', agent, reason: 'lost' })
    }, this.#options.grace)
    this.#graces.set(agent, timer)
  }

  #endGrace(agent: AgentId): void {
    this.#options.timers.clearTimeout(this.#graces.get(agent))
    this.#graces.delete(agent)
  }

  #own(ids: readonly LockId[], holder: AgentId): Lease[] {
    const now = this.#options.elapsed()
    return ids.map((id) => {
      const lease = this.#table.leases.get(id)
      if (lease?.holder === holder && lease.expires > now) return lease
      const what =
        lease === undefined || lease.expires <= now ? 'has ended, or never was' : `is held by ${lease.holder}`
      throw notHeld(`${holder} does not hold lock ${id}: it ${what}.`)
    })
  }

  #ownIn({ path, region }: Exclude<UnlockCommand, { ids: unknown }>, holder: AgentId): Lease[] {
    const isMeant = (lease: Lease): boolean =>
      region === undefined || placeText(path, lease.region) === placeText(path, region)
    const leases = this.leasesAt(path).filter((lease) => lease.holder === holder && isMeant(lease))
    if (leases.length > 0) return leases
    throw notHeld(`${holder} holds no lock on ${placeText(path, region ?? { kind: 'file' })}.`)
  }

  #show(leases: readonly Lease[]): Lock[] {
    const moment = this.#moment()
    return leases.map((lease) => lockOf(lease, moment))
  }

  /** Both clocks drift a little against each other; only where the wall clock was set do shown times move. */
  #moment(): Moment {
    const elapsed = this.#options.elapsed()
    const apart = this.#options.now() - elapsed
    if (Math.abs(apart - this.#apart) > SET) this.#apart = apart
    return { time: elapsed + this.#apart, elapsed }
  }

  #assertOpen(): void {
    if (this.#closed) throw stopping()
    const { state } = this.#options.queue
    if (state !== 'ok') throw state.degraded
  }
}

function deferred(): { readonly promise: Promise<LockResult>; readonly asked: Asked } {
  let asked: Asked | undefined
  const promise = new Promise<LockResult>((resolve, reject) => {
    asked = { resolve, reject }
  })
  if (asked === undefined) throw new Error('a promise runs its executor at once')
  return { promise, asked }
}
