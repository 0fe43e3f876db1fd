/** Random steps of agents with locks, for fast-check. A step says which agent, file and lock by number. */
import fc from 'fast-check'
import { agentId, type AgentId } from '../../../protocol/ids.js'
import type { LockType } from '../../../protocol/locks.js'
import { workspacePath, type WorkspacePath } from '../../../protocol/paths.js'
import type { Want } from '../../../server/locks/blockers.js'
import { decide, EMPTY_TABLE, type LockCommandInside, type LockTable } from '../../../server/locks/lock-table.js'
import { LockJudge } from './lock-model.js'

export const AGENTS: readonly AgentId[] = ['A', 'B', 'C', 'D', 'E'].map((name) => agentId.parse(`CLAUDE-${name}`))
const agentOf = (n: number): AgentId => AGENTS[n % AGENTS.length] ?? agentId.parse('CLAUDE-A')
const pathOf = (n: number): WorkspacePath => workspacePath.parse(n === 0 ? 'a.ts' : 'b.ts')

const small = fc.nat({ max: 9 })
const type = fc.constantFrom<LockType>('EXCLUSIVE', 'EXCLUSIVE', 'SHARED', 'REVIEW')
const want = fc.record({
  path: fc.nat({ max: 1 }),
  line: fc.option(fc.nat({ max: 5 }), { freq: 3 }),
  lines: fc.nat({ max: 2 }),
  type,
})
const acquire = fc.record({
  kind: fc.constant('acquire' as const),
  agent: small,
  wants: fc.array(want, { minLength: 1, maxLength: 3 }),
  wait: fc.constantFrom(0, 30, 200, 200),
  ttl: fc.integer({ min: 10, max: 400 }),
})
const onLease = fc.record({
  kind: fc.constantFrom('release' as const, 'release' as const, 'renew' as const, 'break' as const),
  lease: small,
})
const other = fc.oneof(
  fc.record({ kind: fc.constantFrom('gone' as const, 'withdraw' as const), agent: small }),
  fc.record({ kind: fc.constant('tasks' as const), from: small, to: small }),
  fc.record({ kind: fc.constant('moved' as const), path: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('tick' as const) }),
)
const edit = fc.record({
  kind: fc.constant('edited' as const),
  path: fc.nat({ max: 1 }),
  at: fc.nat({ max: 60 }),
  removed: fc.nat({ max: 12 }),
  author: small,
})

export interface StepOptions {
  readonly withEdits: boolean
}

const step = ({ withEdits }: StepOptions) =>
  fc.record({
    passes: fc.constantFrom(0, 1, 5, 20),
    act: fc.oneof(
      { weight: 6, arbitrary: acquire },
      { weight: 5, arbitrary: onLease },
      { weight: 2, arbitrary: other },
      ...(withEdits ? [{ weight: 2, arbitrary: edit }] : []),
    ),
  })
export type LockStep = ReturnType<typeof step> extends fc.Arbitrary<infer S> ? S : never

export function lockSteps(options: StepOptions, length: number): fc.Arbitrary<LockStep[]> {
  return fc.array(step(options), { minLength: length, maxLength: length, size: 'max' })
}

/** Line n of a text whose lines are ten characters long. */
function wantOf({
  path,
  line,
  lines,
  type: lockType,
}: {
  path: number
  line: number | null
  lines: number
  type: LockType
}): Want {
  const span =
    line === null
      ? null
      : { from: { at: line * 11, newLines: line }, to: { at: (line + lines) * 11 + 10, newLines: line + lines } }
  return { path: pathOf(path), region: { kind: 'file' }, span, type: lockType }
}

/** Carries steps out, and has each judged. Returns the judge, who has counted. */
export function play(steps: readonly LockStep[]): LockJudge {
  const judge = new LockJudge()
  let table: LockTable = EMPTY_TABLE
  let now = 0
  let request = 0
  for (const { passes, act } of steps) {
    now += passes
    const command = commandOf(act, table, () => ++request)
    const decided = decide(table, command, now)
    judge.judge(table, command, decided, now)
    table = decided.table
  }
  return judge
}

function commandOf(act: LockStep['act'], table: LockTable, nextRequest: () => number): LockCommandInside {
  const leases = [...table.leases.values()]
  switch (act.kind) {
    case 'acquire':
      return {
        ...{ kind: 'acquire', request: nextRequest(), holder: agentOf(act.agent), wants: act.wants.map(wantOf) },
        ...{ wait: act.wait, ttl: act.ttl, bound: act.agent > 1 },
      }
    case 'release':
    case 'renew':
    case 'break': {
      const lease = leases[act.lease % Math.max(1, leases.length)]
      if (lease === undefined) return { kind: 'tick' }
      if (act.kind === 'break') return { kind: 'break', id: lease.id, by: 'PEER' }
      return { kind: act.kind, ids: [lease.id] }
    }
    case 'gone':
      return { kind: 'gone', agent: agentOf(act.agent), reason: 'lost' }
    case 'withdraw': {
      const waiting = table.waiting[act.agent % Math.max(1, table.waiting.length)]
      return waiting === undefined ? { kind: 'tick' } : { kind: 'withdraw', request: waiting.request }
    }
    case 'tasks':
      return {
        kind: 'tasks',
        waitsFor: act.from === act.to ? new Map() : new Map([[agentOf(act.from), [agentOf(act.to)]]]),
      }
    case 'moved':
      return { kind: 'moved', from: pathOf(act.path), to: pathOf(1 - act.path), by: 'PEER' }
    case 'tick':
      return { kind: 'tick' }
    case 'edited':
      return {
        ...{ kind: 'edited', path: pathOf(act.path), author: agentOf(act.author) },
        edits: [{ at: act.at, removed: 'x'.repeat(act.removed), added: 'new\n' }],
      }
  }
}
