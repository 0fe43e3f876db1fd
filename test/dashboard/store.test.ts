import { beforeEach, describe, expect, test } from 'vitest'
import { EnsembleError } from '../../protocol/errors.js'
import { agentId } from '../../protocol/ids.js'
import { Store } from '../../dashboard/store.js'
import {
  aChange,
  aConflict,
  aDeadlock,
  aHead,
  aLock,
  anAgent,
  anEvent,
  aStatus,
  aTask,
  aWaiter,
  aWelcome,
  lockData,
  NOON,
} from './builders.js'

/** The page's clock is five seconds behind the server's. */
const PAGE_NOON = NOON - 5_000
const SINCE = NOON - 15 * 60_000

let store: Store
beforeEach(() => {
  store = new Store()
  store.setClock(PAGE_NOON, PAGE_NOON)
  store.setConnection({ kind: 'live', welcome: aWelcome() })
  store.receive([{ type: 'tick', time: NOON, seq: 0 }])
  store.takeRecent([], [], SINCE)
})

/** A page that has just heard its welcome. */
function fresh(seq: number): void {
  store = new Store()
  store.setClock(PAGE_NOON, PAGE_NOON)
  store.setConnection({ kind: 'live', welcome: aWelcome('w1', seq) })
  store.receive([{ type: 'tick', time: NOON, seq }])
}

const event = (value: ReturnType<typeof aChange>) => ({ type: 'event', event: value }) as const
const head = (value: ReturnType<typeof aHead>) => ({ type: 'head', head: value, edits: null }) as const

describe('files', () => {
  test('the later head stays, whether a reply or the feed brings it first', () => {
    store.receive([head(aHead('a.ts', { rev: 3, seq: 9 }))])
    store.takeTree({ seq: 5, files: [aHead('a.ts', { rev: 2, seq: 5 }), aHead('b.ts', { seq: 2 })] })
    expect(store.head('a.ts')?.rev).toBe(3)
    expect(store.tree.value.paths).toEqual(['a.ts', 'b.ts'])
  })

  test('a deleted file leaves the tree, and its head stays to tell who did it', () => {
    store.takeTree({ seq: 1, files: [aHead('a.ts')] })
    store.receive([head(aHead('a.ts', { deleted: true, rev: 2, seq: 2, author: 'CLAUDE-a' }))])
    expect(store.tree.value.paths).toEqual([])
    expect(store.head('a.ts')).toMatchObject({ deleted: true, author: 'CLAUDE-a' })
  })

  test('the tree is built anew only when a path comes or goes', () => {
    store.takeTree({ seq: 1, files: [aHead('a.ts')] })
    const before = store.tree.value
    store.receive([head(aHead('a.ts', { rev: 2, seq: 2 }))])
    expect(store.tree.value).toBe(before)
    store.receive([head(aHead('b.ts', { seq: 3 }))])
    expect(store.tree.value).not.toBe(before)
  })

  test('a renamed file is in one place', () => {
    store.takeTree({ seq: 1, files: [aHead('old.ts', { id: 'f' })] })
    store.receive([head(aHead('new.ts', { id: 'f', rev: 2, seq: 2 }))])
    expect(store.tree.value.paths).toEqual(['new.ts'])
  })
})

describe('what was before the page was opened', () => {
  const recent = [
    aChange(1, 'DISK', 'read.ts', { time: NOON - 120_000, change: 'created', rev: 1 }),
    aChange(2, 'CLAUDE-a', 'a.ts', { time: NOON - 90_000, added: 4 }),
    aChange(3, 'CLAUDE-a', 'a.ts', { time: NOON - 20_000, added: 2 }),
    aChange(4, 'CLAUDE-a', 'b.ts', { time: NOON - 10_000 }),
  ]

  test('is counted, shown and drawn as on a page that saw it, but for the first reading of the folder', () => {
    fresh(4)
    store.takeRecent(recent, [{ agentId: agentId.parse('CLAUDE-a'), order: 1 }], SINCE)
    expect(store.work.value.activity.changes().map((change) => change.file)).toEqual(['a.ts', 'a.ts', 'b.ts'])
    expect(store.work.value.activity.lines('CLAUDE-a')).toMatchObject({ edits: 3, added: 7 })
    expect(store.eventsPerMinute.value).toBe(2)
    expect(store.feed.value.map(({ seq }) => seq)).toEqual([4, 3, 2])
    expect(store.lanes.value.lanes.ticks('CLAUDE-a')).toHaveLength(3)
    expect(store.eventCount.value).toBe(0)
  })

  test('comes before what the feed brought meanwhile, and is counted once', () => {
    fresh(3)
    store.receive([event(recent[3]!)])
    store.takeRecent(recent, [], SINCE)
    store.takeRecent(recent, [], SINCE)
    expect(store.feed.value.map(({ seq }) => seq)).toEqual([4, 3, 2])
    expect(store.work.value.activity.changes().map((change) => change.file)).toEqual(['a.ts', 'a.ts', 'b.ts'])
  })

  test('ends nothing that the feed has told since', () => {
    fresh(5)
    store.receive([event(aDeadlock(6, 'CLAUDE-a', 'CODEX-b'))])
    store.takeRecent([anEvent(2, 'agent:left', 'CLAUDE-a', NOON - 60_000, { reason: 'lost' })], [], SINCE)
    expect(store.deadlocks.value).toHaveLength(1)
  })

  test('is waited for before anybody is said to be here, or nobody', () => {
    fresh(5)
    store.receive([event(anEvent(6, 'agent:left', 'CLAUDE-a', NOON, { reason: 'left' }))])
    expect(store.agentsKnown.value).toBe(false)
  })

  test('leaves the rows of those who went, as on a page that saw it', () => {
    const known = ['CLAUDE-a', 'CODEX-b'].map((id, index) => ({ agentId: agentId.parse(id), order: index + 1 }))
    const past = [
      anEvent(1, 'agent:joined', 'CLAUDE-a', NOON - 90_000, { agent_type: 'CLAUDE', instance: 'a', partition: 'src' }),
      anEvent(2, 'agent:joined', 'CODEX-b', NOON - 80_000, { agent_type: 'CODEX', instance: 'b', partition: null }),
      aChange(3, 'CLAUDE-a', 'src/a.ts', { time: NOON - 70_000 }),
      anEvent(4, 'agent:left', 'CLAUDE-a', NOON - 60_000, { reason: 'lost' }),
      anEvent(5, 'agent:left', 'CODEX-b', NOON - 50_000, { reason: 'left' }),
    ]
    fresh(5)
    store.takeRecent(past, known, SINCE)
    store.receive([{ type: 'agents', agents: [anAgent('CODEX-b', 2)] }])
    expect(store.agents.value).toMatchObject([
      { state: 'lost', since: NOON - 60_000, agent: { instance: 'a', partition: 'src', file: 'src/a.ts' } },
      { state: 'idle', agent: { instance: 'b' } },
    ])
  })

  test('holds everybody who ever joined: nobody is shown by a number that counts less', () => {
    fresh(0)
    store.receive([{ type: 'agents', agents: [anAgent('CLAUDE-b', 2)] }])
    expect(store.agentsKnown.value).toBe(false)
    store.takeRecent(
      [],
      [
        { agentId: agentId.parse('CLAUDE-a'), order: 1 },
        { agentId: agentId.parse('CLAUDE-b'), order: 2 },
      ],
      SINCE,
    )
    expect(store.agents.value.map((row) => store.tag(row.agent.agentId).text)).toEqual(['C2'])
    expect(store.tag('CLAUDE-a')).toMatchObject({ text: 'C1', colour: 1 })
  })
})

describe('agents', () => {
  const agents = (...list: ReturnType<typeof anAgent>[]) => ({ type: 'agents', agents: list }) as const
  const states = () => store.agents.value.map((row) => `${row.agent.instance} ${row.state}`)

  test('keep their order, whoever is active', () => {
    store.receive([agents(anAgent('CODEX-b', 2, { state: 'editing' }), anAgent('CLAUDE-a', 1))])
    expect(states()).toEqual(['a idle', 'b editing'])
  })

  test('stay in the table for a quarter of an hour after they left', () => {
    store.receive([agents(anAgent('CLAUDE-a', 1), anAgent('CODEX-b', 2))])
    store.receive([
      event(anEvent(1, 'agent:left', 'CLAUDE-a', NOON + 1_000, { reason: 'lost' })),
      agents(anAgent('CODEX-b', 2)),
    ])
    expect(states()).toEqual(['a lost', 'b idle'])
    expect(store.agents.value[0]?.since).toBe(NOON + 1_000)
    store.setClock(PAGE_NOON + 16 * 60_000, PAGE_NOON + 16 * 60_000)
    store.receive([agents(anAgent('CODEX-b', 2))])
    expect(states()).toEqual(['b idle'])
  })

  test('that come and go within one batch are rows, too, and keep their number', () => {
    store.receive([
      agents(anAgent('CLAUDE-a', 1)),
      agents(),
      event(anEvent(1, 'agent:left', 'CLAUDE-a', NOON + 1_000, { reason: 'left' })),
      agents(anAgent('CLAUDE-b', 2)),
      agents(anAgent('CLAUDE-b', 2, { state: 'editing' })),
    ])
    expect(states()).toEqual(['a left', 'b editing'])
    expect(store.tag('CLAUDE-b').text).toBe('C2')
  })

  test('whose roster goes ahead of the event are set right by it', () => {
    store.receive([agents(anAgent('CLAUDE-a', 1), anAgent('CODEX-b', 2))])
    store.receive([agents(anAgent('CODEX-b', 2))])
    expect(states()).toEqual(['a left', 'b idle'])
    store.receive([event(anEvent(1, 'agent:left', 'CLAUDE-a', NOON + 500, { reason: 'lost' }))])
    expect(states()).toEqual(['a lost', 'b idle'])
    expect(store.agents.value[0]?.since).toBe(NOON + 500)
  })

  test('that are not back after the server was, and of whom no event tells, are lost', () => {
    store.receive([agents(anAgent('CLAUDE-a', 1), anAgent('CODEX-b', 2))])
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 9) })
    store.receive([agents(anAgent('CODEX-b', 2))])
    expect(states()).toEqual(['a lost', 'b idle'])
  })

  test('an agent that comes back is here again, in its row', () => {
    store.receive([agents(anAgent('CLAUDE-a', 1))])
    store.receive([agents()])
    store.receive([agents(anAgent('CLAUDE-a', 1, { connectedAt: NOON + 9 }))])
    expect(states()).toEqual(['a idle'])
  })
})

describe('events', () => {
  test('feed the rows, the lanes, the lines and the rate at once', () => {
    store.receive([event(aChange(1, 'CLAUDE-a', 'a.ts', { added: 4, removed: 2 }))])
    expect(store.feed.value).toHaveLength(1)
    expect(store.lanes.value.lanes.ticks('CLAUDE-a')).toHaveLength(1)
    expect(store.work.value.activity.lines('CLAUDE-a')).toMatchObject({ added: 4, removed: 2 })
    expect(store.eventsPerMinute.value).toBe(1)
    expect(store.work.value.activity.files.get('a.ts')?.changes).toBe(1)
  })

  test('of a quarter of an hour are all counted, at a thousand a minute', () => {
    const before = (n: number) => ({ time: NOON - 840_000 + n * 60 })
    store.receive(Array.from({ length: 14_000 }, (_, n) => event(aChange(n + 1, 'CLAUDE-a', 'a.ts', before(n)))))
    expect(store.work.value.activity.lines('CLAUDE-a')?.edits).toBe(14_000)
  })

  test('a batch of any size changes each signal once', () => {
    let renderings = 0
    const dispose = store.feed.subscribe(() => (renderings += 1))
    store.receive(Array.from({ length: 100 }, (_, index) => event(aChange(index, 'CLAUDE-a', `${index}.ts`))))
    dispose()
    expect(renderings).toBe(2) // the first is the subscription's own
  })
})

describe('conflicts', () => {
  test('those that are open wait, newest first', () => {
    store.takeConflicts([aConflict('c1'), aConflict('c2', { time: NOON + 1 }), aConflict('c3', { state: 'resolved' })])
    expect(store.openConflicts.value.map((conflict) => conflict.id)).toEqual(['c2', 'c1'])
  })
})

describe('what waits for a person', () => {
  const inbox = () => store.inbox.value.map(({ kind }) => kind)

  test('are conflicts, deadlocks that were broken, and tasks that were halted', () => {
    store.takeConflicts([aConflict('c1')])
    store.receive([event(aDeadlock(1, 'CLAUDE-a', 'CODEX-b'))])
    store.takeTasks({ tasks: [aTask('TASK-1', [], { status: 'HALTED' }), aTask('TASK-2')], faults: [] })
    expect(inbox()).toEqual(['conflict', 'deadlock', 'halted'])
    store.takeTasks({ tasks: [aTask('TASK-1'), aTask('TASK-2')], faults: [] })
    expect(inbox()).toEqual(['conflict', 'deadlock'])
  })

  test('is a deadlock for a quarter of an hour, or until its loser got what it asked for', () => {
    fresh(1)
    store.takeRecent([aDeadlock(1, 'CLAUDE-a', 'CODEX-b', NOON - 14 * 60_000)], [], SINCE)
    expect(inbox()).toEqual(['deadlock'])
    store.receive([event(aDeadlock(2, 'CODEX-c', 'CODEX-b', NOON))])
    store.setClock(PAGE_NOON + 2 * 60_000, PAGE_NOON + 2 * 60_000)
    expect(store.deadlocks.value.map(({ seq }) => seq)).toEqual([2])
    const got = { ...lockData('l9', 'CODEX-c', 'a.ts'), expires_at: NOON }
    store.receive([event(anEvent(3, 'lock:acquired', 'CODEX-c', NOON, got))])
    expect(inbox()).toEqual([])
  })
})

test('locks are drawn from what events tell, and waits from the list', () => {
  const got = { ...lockData('l1', 'CLAUDE-a', 'a.ts'), expires_at: NOON + 300_000 }
  store.receive([event(anEvent(1, 'lock:acquired', 'CLAUDE-a', NOON - 60_000, got))])
  store.takeLocks({ locks: [aLock(1, 'CLAUDE-a', 'a.ts')], waiting: [aWaiter('CODEX-b', 'a.ts', ['CLAUDE-a'])] })
  const { locks } = store.lanes.value
  expect(locks.held('CLAUDE-a', 0)).toEqual([{ from: NOON - 60_000, to: null }])
  expect(locks.waits('CODEX-b', 0)).toEqual([{ from: NOON, to: null }])
  store.takeLocks({ locks: [], waiting: [] })
  expect(locks.held('CLAUDE-a', 0)).toEqual([{ from: NOON - 60_000, to: NOON }])
})

describe('a break', () => {
  const broken = { kind: 'waiting', attempt: 1, until: 0, error: new EnsembleError('E_UNREACHABLE', 'gone') } as const

  beforeEach(() => {
    store.receive([{ type: 'agents', agents: [anAgent('CLAUDE-a', 1)] }, event(aChange(1, 'CLAUDE-a', 'a.ts'))])
    store.setConnection(broken)
    store.setClock(PAGE_NOON + 20_000, PAGE_NOON)
  })

  test('leaves the picture as it was, with the clock of the last word', () => {
    expect(store.freshness.value.kind).toBe('offline')
    expect(store.agents.value).toHaveLength(1)
    expect(store.serverNow.value).toBe(NOON)
  })

  test('when it is over, tells how many events were caught up', () => {
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 1) })
    store.setClock(PAGE_NOON + 20_000, PAGE_NOON + 20_000)
    store.receive([event(aChange(2, 'CLAUDE-a', 'a.ts'))])
    expect(store.caughtUp.value).toBeNull()
    store.receive([{ type: 'tick', time: NOON + 20_000, seq: 4 }])
    store.receive([event(aChange(3, 'CLAUDE-a', 'b.ts'))])
    store.receive([{ type: 'tick', time: NOON + 21_000, seq: 5 }])
    expect(store.caughtUp.value).toBeNull()
    store.receive([event(aChange(4, 'CLAUDE-a', 'c.ts'))])
    expect(store.caughtUp.value).toEqual({ events: 3, at: PAGE_NOON + 20_000 })
    expect(store.feed.value.length).toBeGreaterThan(1)
  })

  test('is over, too, when what the server counts is never told', () => {
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 1) })
    store.setClock(PAGE_NOON + 20_000, PAGE_NOON + 20_000)
    store.receive([{ type: 'tick', time: NOON + 20_000, seq: 4 }])
    expect(store.caughtUp.value).toBeNull()
    store.receive([{ type: 'tick', time: NOON + 21_000, seq: 4 }])
    expect(store.caughtUp.value?.events).toBe(0)
  })

  test('so long that the feeds do not bring all that was missed leaves a row that says how much', () => {
    store.receive([event(aChange(2, 'CLAUDE-a', 'a.ts'))])
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 12_002) })
    store.setConnection(broken)
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 12_002) })
    store.receive([event(aChange(12_003, 'CLAUDE-a', 'a.ts'))])
    expect(store.feed.value).toMatchObject([
      { kind: 'changed', count: 1 },
      { kind: 'missed', count: 12_000 },
      { kind: 'changed', count: 2 },
    ])
  })

  describe('so long that the feeds do not bring all that was missed', () => {
    const later = NOON + 20 * 60_000
    const known = ['CLAUDE-a', 'CODEX-b'].map((id, index) => ({ agentId: agentId.parse(id), order: index + 1 }))
    const told = [
      aChange(58, 'CODEX-b', 'b.ts', { time: later - 90_000 }),
      aChange(59, 'CLAUDE-a', 'c.ts', { time: later - 80_000, added: 3 }),
      anEvent(60, 'agent:left', 'CLAUDE-a', later - 70_000, { reason: 'left' }),
      anEvent(61, 'agent:left', 'CODEX-b', later - 60_000, { reason: 'lost' }),
    ]

    beforeEach(() => {
      store.setConnection({ kind: 'live', welcome: aWelcome('w1', 61) })
      store.setClock(later - 5_000, later - 5_000)
      store.receive([
        { type: 'tick', time: later, seq: 61 },
        { type: 'agents', agents: [] },
      ])
      store.receive([event(aChange(62, 'GEMINI-c', 'c.ts', { time: later }))])
    })

    test('is told from what was lately: who left, which files are busy, and how much is not shown', () => {
      store.takeRecent(told, known, SINCE)
      expect(store.agents.value).toMatchObject([
        { state: 'left', since: later - 70_000 },
        { state: 'lost', since: later - 60_000, agent: { file: 'b.ts' } },
      ])
      expect([...store.work.value.activity.files.keys()].sort()).toEqual(['b.ts', 'c.ts'])
      expect(store.work.value.activity.files.get('c.ts')?.authors).toEqual(['GEMINI-c', 'CLAUDE-a'])
      expect(store.work.value.activity.lines('CLAUDE-a')).toMatchObject({ edits: 1, added: 3 })
      expect(store.feed.value).toMatchObject([
        { seq: 62 },
        { kind: 'left', seq: 61 },
        { kind: 'left', seq: 60 },
        { seq: 59 },
        { seq: 58 },
        { kind: 'missed', seq: 57, count: 56, time: later - 90_000 },
        { seq: 1 },
      ])
    })

    test('is told once, and without a hole where all of it is told', () => {
      store.takeRecent(told, known, SINCE)
      store.takeRecent(told, known, SINCE)
      expect(store.feed.value).toHaveLength(7)
      const rest = Array.from({ length: 56 }, (_, n) => aChange(n + 2, 'CODEX-b', 'b.ts', { time: later - 95_000 }))
      store.takeRecent([...rest, ...told], known, SINCE)
      expect(store.feed.value.map(({ kind }) => kind)).not.toContain('missed')
      expect(store.work.value.activity.files.get('b.ts')?.changes).toBe(57)
    })
  })

  test('before the first list was there leaves nothing out of the next one', () => {
    fresh(100)
    store.setConnection(broken)
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 20_000) })
    store.takeRecent([aChange(90, 'CLAUDE-a', 'a.ts'), aChange(19_000, 'CLAUDE-a', 'b.ts')], [], SINCE)
    expect(store.feed.value).toMatchObject([{ seq: 19_000 }, { kind: 'missed', count: 18_899 }, { seq: 90 }])
  })

  test('leaves nobody waiting who was at work, before it is known what was missed', () => {
    const roster = [
      anAgent('CLAUDE-a', 1, { state: 'testing', since: NOON - 3_600_000, connectedAt: NOON - 3_600_000 }),
    ]
    store.receive([{ type: 'agents', agents: roster }])
    const later = NOON + 20 * 60_000
    store.setConnection({ kind: 'live', welcome: aWelcome('w1', 1) })
    store.setClock(later - 5_000, later - 5_000)
    expect(store.quiet.value).toEqual([])
    store.takeRecent([], [], SINCE)
    store.setClock(later - 4_000, later - 4_000)
    expect(store.quiet.value).toMatchObject([{ id: 'CLAUDE-a', waits: true }])
  })

  test('so long that the feeds do not bring all that was missed leaves nobody quiet who was not', () => {
    const since = NOON - 60 * 60_000
    const roster = [anAgent('CLAUDE-a', 1, { state: 'testing', connectedAt: since })]
    store.takeRecent([], [], SINCE)
    store.receive([{ type: 'agents', agents: roster }, event(aChange(1, 'CLAUDE-a', 'a.ts', { time: NOON }))])
    const later = NOON + 60 * 60_000
    store.setClock(later - 5_000, later - 5_000)
    expect(store.quiet.value).toMatchObject([{ id: 'CLAUDE-a', waits: true }])
    store.takeRecent([aChange(20_000, 'CLAUDE-a', 'a.ts', { time: later - 60_000 })], [], SINCE)
    store.setClock(later - 4_000, later - 4_000)
    expect(store.quiet.value).toEqual([])
  })

  test('another workspace behind the same address begins anew', () => {
    store.takeTree({ seq: 1, files: [aHead('a.ts')] })
    store.receive([event(aDeadlock(4, 'CLAUDE-a', 'CODEX-b'))])
    store.takeTasks({ tasks: [aTask('TASK-1', [], { status: 'HALTED' })], faults: [] })
    store.takeLocks({ locks: [aLock(1, 'CLAUDE-a', 'a.ts')], waiting: [] })
    store.receive([head(aHead('b.ts'))])
    store.setConnection({ kind: 'live', welcome: aWelcome('w2', 3) })
    expect(store.workspaceId.value).toBe('w2')
    expect([store.news.value, store.commits.value]).toEqual([[], []])
    store.setClock(PAGE_NOON + 20_000, PAGE_NOON + 20_000)
    store.receive([{ type: 'tick', time: NOON + 20_000, seq: 3 }])
    expect(store.caughtUp.value).toBeNull()
    expect(store.agents.value).toEqual([])
    expect(store.feed.value).toEqual([])
    expect(store.tree.value.paths).toEqual([])
    expect(store.inbox.value).toEqual([])
    expect([store.tasksKnown.value, store.locksKnown.value]).toEqual([false, false])
    expect(store.locks.value.locks).toEqual([])
    expect(store.lanes.value.locks.held('CLAUDE-a', 0)).toEqual([])
    expect(store.seq).toBe(0)
    store.takeRecent([aChange(1, 'CLAUDE-a', 'a.ts'), aChange(3, 'CLAUDE-a', 'a.ts')], [], SINCE)
    expect(store.feed.value).toMatchObject([{ count: 2 }])
  })
})

test('a status is a sample of the health, and brings the roster', () => {
  store.takeStatus(aStatus({ agents: [anAgent('CLAUDE-a', 1)], memoryBytes: 7 }), 3)
  expect(store.health.value).toMatchObject([{ roundTrip: 3, status: { memoryBytes: 7 } }])
  expect(store.agents.value).toHaveLength(1)
})
