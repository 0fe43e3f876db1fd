/**
 * Judges of the lock table, written without its code: what must hold after every step, told from the table's contents and
 * from what it answered.
 */
import { expect } from 'vitest'
import type { AgentId } from '../../../protocol/ids.js'
import type { Asking, Lease, Waiting, Want } from '../../../server/locks/blockers.js'
import type { Decided, LockCommandInside, LockTable } from '../../../server/locks/lock-table.js'

const CLASH = new Set(['EXCLUSIVE EXCLUSIVE', 'EXCLUSIVE SHARED', 'SHARED EXCLUSIVE'])

function stands(want: Want): readonly [number, number] {
  return want.span === null ? [-Infinity, Infinity] : [want.span.from.at, want.span.to.at]
}

function clash(a: Want, b: Want): boolean {
  const [aFrom, aTo] = stands(a)
  const [bFrom, bTo] = stands(b)
  return a.path === b.path && CLASH.has(`${a.type} ${b.type}`) && !(aTo < bFrom || bTo < aFrom)
}

const anyClash = (a: readonly Want[], b: readonly Want[]): boolean => a.some((one) => b.some((two) => clash(one, two)))

export class LockJudge {
  #highestToken = 0
  readonly #held = new Set<string>()
  #order = 0
  /** Requests that have no answer yet, with the order of asking. */
  readonly #open = new Map<number, { readonly asking: Asking; readonly order: number }>()
  /** Texts were moved so that places of two may touch now: their grants are judged no more. */
  #moved = false
  broken = 0
  granted = 0
  waited = 0
  expired = 0

  judge(before: LockTable, command: LockCommandInside, { table, settled, ended }: Decided, now: number): void {
    if (command.kind === 'acquire') this.#open.set(command.request, { asking: command, order: ++this.#order })
    this.#moved ||= command.kind === 'edited'
    for (const one of settled) this.#answered(one, before, table)
    for (const { reason, lease } of ended) {
      expect(this.#held.has(lease.id)).toBe(true)
      if (reason === 'expired') {
        expect(lease.expires).toBeLessThanOrEqual(now)
        this.expired++
      }
    }
    const leases = [...table.leases.values()]
    this.#noTwo(leases)
    for (const { expires } of leases) expect(expires).toBeGreaterThan(now)
    // Exactly who asked and has no answer waits, in the order of asking.
    expect(table.waiting.map(({ request }) => request)).toEqual([...this.#open.keys()])
    for (const { until } of table.waiting) expect(until).toBeGreaterThan(now)
    this.#noLostWakeUp(table, leases)
    this.#noCircle(table, leases)
  }

  #answered(one: Decided['settled'][number], before: LockTable, table: LockTable): void {
    const { asking, outcome } = one
    const open = this.#open.get(asking.request)
    expect(open).toBeDefined()
    this.#open.delete(asking.request)
    if (outcome === 'refused' && one.refused.reason === 'deadlock') this.broken++
    if (outcome !== 'granted') return
    this.granted++
    if (before.waiting.some(({ request }) => request === asking.request)) this.waited++
    expect(one.leases).toHaveLength(asking.wants.length)
    for (const { id, token } of one.leases) {
      if (this.#held.has(id)) continue
      this.#held.add(id)
      expect(token).toBeGreaterThan(this.#highestToken)
      this.#highestToken = token
    }
    // First come, first served: who asked before, and still waits for the same, waits for something of this very agent.
    if (this.#moved || open === undefined) return
    for (const earlier of table.waiting) {
      const order = this.#open.get(earlier.request)?.order ?? Infinity
      if (order > open.order || earlier.holder === asking.holder || !anyClash(earlier.wants, asking.wants)) continue
      const others = [...before.leases.values(), ...table.leases.values()]
      expect(others.some((lease) => lease.holder === asking.holder && anyClash([lease], earlier.wants))).toBe(true)
    }
  }

  #noTwo(leases: readonly Lease[]): void {
    if (this.#moved) return
    for (const [at, one] of leases.entries()) {
      for (const two of leases.slice(at + 1)) {
        if (one.holder !== two.holder && clash(one, two)) throw new Error(`${one.id} and ${two.id} are both held`)
      }
    }
  }

  #noLostWakeUp(table: LockTable, leases: readonly Lease[]): void {
    for (const asking of table.waiting) {
      if (waitsFor(asking, table, leases).size === 0) throw new Error(`request ${asking.request} waits for nobody`)
    }
  }

  /** Reaches from each waiting agent along all that anybody waits for; tasks alone make no circle of ours. */
  #noCircle(table: LockTable, leases: readonly Lease[]): void {
    const edges = new Map<AgentId, Set<AgentId>>()
    for (const asking of table.waiting) {
      const to = edges.get(asking.holder) ?? new Set<AgentId>()
      for (const other of waitsFor(asking, table, leases)) to.add(other)
      edges.set(asking.holder, to)
    }
    const locksOnly = new Map([...edges].map(([from, to]) => [from, new Set(to)]))
    for (const [from, to] of table.tasks)
      for (const other of to) edges.set(from, (edges.get(from) ?? new Set()).add(other))
    for (const [start, firsts] of locksOnly) {
      const seen = new Set<AgentId>()
      const rest = [...firsts]
      for (let agent = rest.pop(); agent !== undefined; agent = rest.pop()) {
        if (agent === start) throw new Error(`${start} waits for itself`)
        if (seen.has(agent)) continue
        seen.add(agent)
        rest.push(...(edges.get(agent) ?? []))
      }
    }
  }
}

function waitsFor(asking: Waiting, table: LockTable, leases: readonly Lease[]): Set<AgentId> {
  const found = new Set<AgentId>()
  for (const lease of leases) {
    if (lease.holder !== asking.holder && anyClash([lease], asking.wants)) found.add(lease.holder)
  }
  for (const earlier of table.waiting) {
    if (earlier.request === asking.request) break
    if (earlier.holder === asking.holder || !anyClash(earlier.wants, asking.wants)) continue
    const isMine = leases.some((lease) => lease.holder === asking.holder && anyClash([lease], earlier.wants))
    if (!isMine) found.add(earlier.holder)
  }
  return found
}
