import { describe, expect, test } from 'vitest'
import type { After } from '../../client/sdk/connection.js'
import type { ConnectionState } from '../../client/sdk/connection-state.js'
import { EnsembleError } from '../../protocol/errors.js'
import { taskId, writeId } from '../../protocol/ids.js'
import type { LocksList } from '../../protocol/locks.js'
import type { ServerMessage } from '../../protocol/messages.js'
import { workspacePath } from '../../protocol/paths.js'
import { Link, type Source } from '../../dashboard/link.js'
import { Store } from '../../dashboard/store.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import {
  aChange,
  aConflict,
  aHead,
  aLock,
  anAgent,
  anEvent,
  aStatus,
  aTask,
  aWaiter,
  aWelcome,
  NOON,
  CLASH,
} from './builders.js'

class FakeSource implements Source {
  state: ConnectionState = { kind: 'idle' }
  readonly asked: string[] = []
  answers: Record<string, unknown> = {
    tree: { seq: 7, files: [aHead('a.ts')] },
    conflicts: { conflicts: [] },
    locks: { locks: [], waiting: [] },
    tasks: { tasks: [], faults: [] },
    status: aStatus(),
    recent: { events: [], agents: [] },
  }
  readonly #state = new Set<(state: ConnectionState) => void>()
  readonly #message = new Set<(message: ServerMessage) => void>()

  onState = (listener: (state: ConnectionState) => void) => {
    this.#state.add(listener)
    return () => this.#state.delete(listener)
  }
  onMessage = (listener: (message: ServerMessage) => void) => {
    this.#message.add(listener)
    return () => this.#message.delete(listener)
  }
  request: Source['request'] = async (method, params) => {
    this.asked.push(`${method} ${JSON.stringify(params)}`)
    const answer = this.answers[method]
    if (answer instanceof EnsembleError) throw answer
    return answer as never
  }
  enter(state: ConnectionState) {
    this.state = state
    for (const listener of this.#state) listener(state)
  }
  say(message: ServerMessage) {
    for (const listener of this.#message) listener(message)
  }
}

let ids = 0
const GONE = { kind: 'waiting', attempt: 1, until: 0, error: new EnsembleError('E_UNREACHABLE', 'gone') } as const

async function linked({
  hidden = false,
  recent,
  at = NOON,
  seq = 0,
}: { hidden?: boolean; recent?: unknown; at?: number; seq?: number } = {}) {
  const clock = new ManualClock(at)
  const after: After = (milliseconds, run) => {
    const timer = clock.timers.setTimeout(run, milliseconds)
    return () => clock.timers.clearTimeout(timer)
  }
  const source = new FakeSource()
  if (recent !== undefined) source.answers['recent'] = recent
  const store = new Store()
  const link = new Link({
    store,
    source,
    hidden: () => hidden,
    now: clock.now,
    after,
    newId: () => writeId.parse(`id${(ids += 1)}`),
  })
  source.enter({ kind: 'live', welcome: aWelcome('w1', seq) })
  await turn()
  return { clock, source, store, link }
}

describe('the link', () => {
  test('reads tree, conflicts, locks, tasks, status and the last quarter of an hour as soon as it is live', async () => {
    const { source, store } = await linked()
    expect(source.asked).toEqual([
      `recent {"since":${NOON - 15 * 60_000}}`,
      'tree {}',
      'conflicts {}',
      'locks {}',
      'tasks {}',
      'status {}',
    ])
    expect(store.filesKnown.value).toBe(true)
  })

  test('shows who is here although the server does not tell of what was before', async () => {
    const { clock, source, store } = await linked({
      seq: 1,
      recent: new EnsembleError('E_BAD_REQUEST', 'no such method'),
    })
    source.say({ type: 'agents', agents: [anAgent('CLAUDE-a', 1)] })
    await clock.advance(100)
    expect(store.agents.value).toHaveLength(1)
    expect(store.recentKnown.value).toBe(false)
    source.answers['recent'] = { events: [aChange(1, 'CLAUDE-a', 'a.ts')], agents: [] }
    await clock.advance(5_000)
    expect([store.recentKnown.value, store.feed.value.length]).toEqual([true, 1])
  })

  test('after a break, asks for the files that changed since', async () => {
    const { source } = await linked()
    source.asked.length = 0
    source.enter(GONE)
    source.enter({ kind: 'live', welcome: aWelcome() })
    await turn()
    expect(source.asked).toContain('tree {"since":7}')
  })

  test('asks again for the last quarter of an hour when the first tick tells that its own clock is ahead', async () => {
    const ahead = 10 * 60_000
    const { clock, source, store } = await linked({ at: NOON + ahead, seq: 9 })
    const tick = async (seconds: number) => {
      source.say({ type: 'tick', time: NOON + seconds * 1_000, seq: 9 })
      await clock.advance(1_000)
    }
    const since = NOON - 60 * 60_000
    const atWork = anAgent('CLAUDE-a', 1, { state: 'testing', since, connectedAt: since })
    source.say({ type: 'agents', agents: [atWork] })
    await tick(0)
    expect(source.asked.filter((asked) => asked.startsWith('recent'))).toEqual([
      `recent {"since":${NOON - 5 * 60_000}}`,
      `recent {"since":${NOON - 15 * 60_000}}`,
    ])
    source.asked.length = 0
    await tick(1)
    expect(source.asked).toEqual([])
    expect(store.quiet.value).toMatchObject([{ since: NOON - 15 * 60_000 }])
  })

  test('takes what only the second answer tells, whatever its clock was', async () => {
    const { clock, source, store } = await linked({ at: NOON + 20 * 60_000, seq: 9 })
    source.answers['recent'] = { events: [aChange(9, 'CLAUDE-a', 'a.ts', { time: NOON - 60_000 })], agents: [] }
    source.say({ type: 'tick', time: NOON, seq: 9 })
    await clock.advance(100)
    expect(store.work.value.activity.files.size).toBe(1)
    expect(store.feed.value).toHaveLength(1)
  })

  test('asks from the last list on, whatever ticks and feeds tell before the next one is there', async () => {
    const { clock, source, store } = await linked()
    const back = async (seq: number) => {
      source.enter(GONE)
      source.asked.length = 0
      source.enter({ kind: 'live', welcome: aWelcome('w1', seq) })
      await turn()
    }
    source.say({ type: 'event', event: aChange(9, 'CLAUDE-a', 'a.ts') })
    await clock.advance(100)
    source.answers['tree'] = new EnsembleError('E_UNREACHABLE', 'The line broke.')
    await back(20_000)
    expect(source.asked).toContain('tree {"since":9}')
    source.say({ type: 'tick', time: NOON + 1_000, seq: 20_001 })
    source.say({ type: 'event', event: aChange(20_001, 'CLAUDE-a', 'a.ts') })
    await clock.advance(100)
    source.answers['tree'] = { seq: 20_001, files: [aHead('b.ts', { seq: 5_000 })] }
    await back(20_001)
    expect(source.asked).toContain('tree {"since":9}')
    expect(store.tree.value.paths).toEqual(['a.ts', 'b.ts'])
    source.say({ type: 'tick', time: NOON + 2_000, seq: 20_005 })
    await clock.advance(100)
    await back(20_001)
    expect(source.asked).toContain('tree {"since":20001}')
  })

  test('asks another workspace for everything', async () => {
    const { source } = await linked()
    source.asked.length = 0
    source.enter({ kind: 'live', welcome: aWelcome('w2') })
    await turn()
    expect(source.asked).toContain('tree {}')
  })

  test('draws clocks once a second, however often something comes', async () => {
    const { clock, source, store } = await linked()
    source.say({ type: 'tick', time: NOON + 7_000, seq: 0 })
    await clock.advance(100)
    let drawn = -1
    store.serverNow.subscribe(() => (drawn += 1))
    for (let index = 0; index < 50; index++) {
      source.say({ type: 'event', event: aChange(index, 'CLAUDE-a', 'a.ts') })
      if (index % 10 === 0)
        source.say({ type: 'tick', time: NOON + 7_000 + index * 100 + (index % 3) * 50, seq: index })
      await clock.advance(100)
    }
    expect(drawn).toBe(5)
    expect(store.freshness.value).toEqual({ kind: 'live' })
    expect(Math.abs(store.serverNow.value - (NOON + 12_000))).toBeLessThan(250)
  })

  test('renders at most ten times a second', async () => {
    const { clock, source, store } = await linked()
    let renderings = -1
    store.feed.subscribe(() => (renderings += 1))
    for (let index = 0; index < 200; index++) {
      source.say({ type: 'event', event: aChange(index, 'CLAUDE-a', `${index}.ts`) })
      await clock.advance(5)
    }
    await clock.advance(100)
    expect(renderings).toBeLessThanOrEqual(11)
    expect(store.eventCount.value).toBe(200)
  })

  test('renders once a second while nobody looks, and at once when someone does', async () => {
    const { clock, source, store, link } = await linked({ hidden: true })
    source.say({ type: 'event', event: aChange(1, 'CLAUDE-a', 'a.ts') })
    await clock.advance(10)
    source.say({ type: 'event', event: aChange(2, 'CLAUDE-a', 'a.ts') })
    await clock.advance(500)
    expect(store.eventCount.value).toBe(1)
    link.look()
    expect(store.eventCount.value).toBe(2)
  })

  test('reads the conflicts when one is raised', async () => {
    const { clock, source, store } = await linked()
    source.answers['conflicts'] = { conflicts: [aConflict('c1')] }
    const data = { ...CLASH, conflict_id: 'c1', file: 'a.ts', ours: 'CLAUDE-one', theirs: 'CODEX-two' }
    source.say({ type: 'event', event: anEvent(1, 'conflict:raised', 'CODEX-two', NOON, data) })
    await clock.advance(100)
    expect(store.openConflicts.value).toHaveLength(1)
  })

  test('reads the locks with the tick when a file changed of which lines are locked, and one question at a time', async () => {
    const { clock, source, store } = await linked()
    const tick = async () => {
      source.say({ type: 'tick', time: NOON, seq: 0, locks: 0 })
      await clock.advance(100)
    }
    await tick()
    const changed = async (path: string, rev: number) => {
      source.say({ type: 'head', head: aHead(path, { rev }), edits: null })
      await clock.advance(100)
    }
    const onLines = (from: number) =>
      aLock(1, 'CLAUDE-a', 'a.ts', { region: { kind: 'lines', from: 1, to: 1 }, lines: { from, to: from } })
    store.takeLocks({ locks: [onLines(1), aLock(2, 'CODEX-b', 'whole.ts')], waiting: [] })
    source.asked.length = 0
    await changed('b.ts', 2)
    await changed('whole.ts', 2)
    await tick()
    expect(source.asked).toEqual([])
    let answer = (): void => undefined
    source.answers['locks'] = new Promise<LocksList>((resolve) => {
      answer = () => resolve({ locks: [onLines(4)], waiting: [] })
    })
    await changed('a.ts', 2)
    await changed('a.ts', 3)
    expect(source.asked).toEqual([])
    await tick()
    await changed('a.ts', 4)
    await tick()
    expect(source.asked).toEqual(['locks {}'])
    answer()
    await turn()
    expect(source.asked).toEqual(['locks {}', 'locks {}'])
    expect(store.locks.value.locks).toMatchObject([{ lines: { from: 4 } }])
    await tick()
    expect(source.asked).toHaveLength(2)
  })

  test('reads the locks when the tick counts another change of them, which no event told', async () => {
    const { clock, source, store } = await linked()
    const tick = async (seconds: number, locks: number) => {
      source.say({ type: 'tick', time: NOON + seconds * 1_000, seq: 0, locks })
      await clock.advance(1_000)
    }
    await tick(1, 3)
    source.asked.length = 0
    await tick(2, 3)
    expect(source.asked).toEqual([])
    source.answers['locks'] = { locks: [], waiting: [aWaiter('CODEX-b', 'a.ts', ['CLAUDE-a'])] }
    await tick(3, 4)
    expect(source.asked).toEqual(['locks {}'])
    expect(store.locks.value.waiting).toHaveLength(1)
  })

  test('reads the board when a task changes, one question at a time however fast that goes', async () => {
    const { clock, source, store } = await linked()
    const data = {
      task_id: 't',
      title: 't',
      status: 'ACTIVE',
      mode: 'SOLO',
      progress: 0,
      change: 'created',
      subtask: null,
    }
    source.asked.length = 0
    const answers: (() => void)[] = []
    const request = source.request
    source.request = (method, params) => new Promise((resolve) => answers.push(() => resolve(request(method, params))))
    for (let index = 1; index <= 5; index++) {
      source.say({ type: 'event', event: anEvent(index, 'task:updated', undefined, NOON, data) })
      await clock.advance(200)
    }
    expect(answers).toHaveLength(1)
    source.answers['tasks'] = { tasks: [aTask('TASK-1')], faults: [] }
    answers[0]?.()
    await turn()
    answers[1]?.()
    await turn()
    expect(answers).toHaveLength(2)
    expect(store.tasks.value.tasks).toHaveLength(1)
  })

  test('reads the board when the file of a task is made or moved, which its events do not tell', async () => {
    const { clock, source } = await linked()
    source.asked.length = 0
    const made = aChange(1, 'PERSON-anna', 'task.md')
    source.say({ type: 'event', event: made })
    await clock.advance(200)
    expect(source.asked).toEqual([])
    source.say({
      type: 'event',
      event: { ...made, data: { ...made.data, change_type: 'created' } } as typeof made,
    })
    await clock.advance(200)
    expect(source.asked.splice(0)).toEqual(['tasks {}'])
    const moved = (seq: number, from: string, to: string) => {
      const event = aChange(seq, 'CLAUDE-a', to)
      source.say({ type: 'event', event: { ...event, data: { ...event.data, renamed_from: from } } as typeof event })
    }
    moved(1, 'a.ts', 'b.ts')
    await clock.advance(200)
    expect(source.asked).toEqual([])
    moved(2, '.notes/ACTIVE/TASK-1.md', '.notes/HALTED/TASK-1.md')
    await clock.advance(200)
    expect(source.asked).toEqual(['tasks {}'])
  })

  test('reads them again when the status counts another number', async () => {
    const { clock, source } = await linked()
    source.asked.length = 0
    source.answers['status'] = aStatus({ conflicts: { open: 2 } })
    await clock.advance(5_000)
    expect(source.asked).toEqual(['status {}', 'conflicts {}'])
  })

  test('shows what the server answered when it could not answer', async () => {
    const { clock, source, store } = await linked()
    source.answers['status'] = new EnsembleError('E_STORAGE_DEGRADED', 'The disk is full.')
    await clock.advance(5_000)
    expect(store.fault.value?.message).toBe('The disk is full.')
    source.answers['status'] = aStatus()
    await clock.advance(5_000)
    expect(store.fault.value).toBeNull()
  })

  test('says what could not be answered until it is, and asks for it again; not for the rest', async () => {
    const { clock, source, store } = await linked({ recent: new EnsembleError('E_INTERNAL', 'It went wrong.') })
    source.asked.length = 0
    await clock.advance(9_000)
    expect(store.fault.value?.message).toBe('It went wrong.')
    source.answers['recent'] = { events: [], agents: [] }
    await clock.advance(6_000)
    expect(store.fault.value).toBeNull()
    await clock.advance(5_000)
    expect(source.asked.map((asked) => asked.split(' ')[0])).toEqual([
      'recent',
      'status',
      'recent',
      'status',
      'status',
      'status',
    ])
  })

  test('leaves no timer behind', async () => {
    const { clock, source, link } = await linked()
    source.say({ type: 'tick', time: NOON, seq: 1 })
    link.close()
    expect(clock.waiting).toEqual([])
  })
})

describe('a decision', () => {
  const c1 = aConflict('c1')

  test('asked again because its answer was lost is the same request; another one is new', async () => {
    const { link, source } = await linked()
    source.answers['resolve'] = new EnsembleError('E_UNREACHABLE', 'The line broke.')
    await expect(link.resolve(c1.id, { kind: 'theirs' })).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    source.answers['resolve'] = {}
    await link.resolve(c1.id, { kind: 'theirs' })
    await link.resolve(c1.id, { kind: 'both' })
    const [first, again, other] = source.asked.filter((asked) => asked.startsWith('resolve'))
    expect(first).toContain('"choice":{"kind":"theirs"}')
    expect(again).toBe(first)
    expect(other?.replace('both', 'theirs')).not.toBe(first)
  })

  test('of what is said is one request too, over the same socket', async () => {
    const { link, source } = await linked()
    source.answers['publish'] = new EnsembleError('E_UNREACHABLE', 'The line broke.')
    await expect(link.say({ text: 'hi' }, null)).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    source.answers['publish'] = { event: anEvent(3, 'broadcast', undefined, NOON, { text: 'hi' }) }
    expect((await link.say({ text: 'hi' }, null)).seq).toBe(3)
    const [first, again] = source.asked.filter((asked) => asked.startsWith('publish'))
    expect(again).toBe(first)
  })

  test('to lock what someone holds is refused in words, and says who', async () => {
    const { link, source } = await linked()
    const refusal = { reason: 'held', path: 'a.ts', region: { kind: 'file' }, type: 'EXCLUSIVE', holder: 'CODEX-two' }
    const held = { lockId: 'l1', heldRegion: { kind: 'file' }, expectedWait: 48_000 }
    source.answers['lock'] = { outcome: 'refused', refusal: { ...refusal, ...held } }
    await expect(link.lock(workspacePath.parse('a.ts'), { kind: 'file' }, 60)).rejects.toMatchObject({
      ...{ code: 'E_LOCK_HELD', message: 'CODEX-two holds a.ts, 0:48 left.' },
    })
  })

  test('of the board is one request too, and what became of it is read', async () => {
    const { link, source, store } = await linked()
    const make = () => link.task({ create: { title: 'Shop', mode: 'SOLO', agents: [], subtasks: [] } })
    source.answers['task'] = new EnsembleError('E_UNREACHABLE', 'The line broke.')
    const asked = () => source.asked.filter((one) => one.startsWith('task '))
    await expect(make()).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    source.answers['task'] = { task: aTask('TASK-1'), subtask: null, changed: true }
    source.answers['tasks'] = { tasks: [aTask('TASK-1')], faults: [] }
    await make()
    expect(asked()[1]).toBe(asked()[0])
    expect(store.tasks.value.tasks).toHaveLength(1)
  })

  test('is a new one after another was asked for, or after the server refused it', async () => {
    const { link, source } = await linked()
    const turnTo = (turn: 'halt' | 'resume') => link.task({ task: taskId.parse('TASK-1'), change: { do: turn } })
    source.answers['task'] = new EnsembleError('E_UNREACHABLE', 'The line broke.')
    await expect(turnTo('halt')).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    source.answers['task'] = { task: aTask('TASK-1'), subtask: null, changed: true }
    await turnTo('resume')
    await turnTo('halt')
    source.answers['task'] = new EnsembleError('E_BAD_REQUEST', 'It is halted.')
    await expect(turnTo('halt')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    await expect(turnTo('halt')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    const asked = source.asked.filter((one) => one.startsWith('task '))
    expect([asked.length, new Set(asked).size]).toEqual([5, 5])
  })

  test('that comes too late reads the conflicts anew', async () => {
    const { link, source, store } = await linked()
    store.takeConflicts([c1])
    source.answers['resolve'] = new EnsembleError('E_CONFLICT_CLOSED', 'It is closed.')
    await expect(link.resolve(c1.id, { kind: 'ours' })).rejects.toMatchObject({ code: 'E_CONFLICT_CLOSED' })
    await turn()
    expect(store.openConflicts.value).toEqual([])
  })
})

describe('a file of text', () => {
  const path = workspacePath.parse('task.md')
  const content = { kind: 'text', text: 'a\nb\n', bom: false, eol: 'crlf' }
  const head = { ...aHead('task.md'), rev: 3 }

  test('is rewritten upon the version that was read, all or nothing; one that has changed is left', async () => {
    const { link, source } = await linked()
    Object.assign(source.answers, { stat: { head }, read: { files: [{ head, content }], rest: [] } })
    source.answers['write'] = { outcome: 'accepted' }
    await link.rewrite(path, (text) => text.replace('b\n', ''))
    const [asked = ''] = source.asked.filter((one) => one.startsWith('write '))
    expect(JSON.parse(asked.slice('write '.length))).toMatchObject({
      ...{ path, base: { rev: 3, hash: head.hash }, content: { ...content, text: 'a\n' }, atomic: true },
    })
    source.answers['write'] = { outcome: 'need-base' }
    await expect(link.rewrite(path, () => '')).rejects.toMatchObject({ code: 'E_CONFLICT' })
    source.answers['stat'] = { head: null }
    await expect(link.rewrite(path, () => '')).rejects.toMatchObject({ code: 'E_CONFLICT' })
  })

  test('gets another name, or says that it could not', async () => {
    const { link, source } = await linked()
    const to = workspacePath.parse('.notes/DUMPED/a.md')
    Object.assign(source.answers, { stat: { head }, rename: { outcome: 'accepted', head: { ...head, path: to } } })
    await link.rename(path, to)
    expect(source.asked.some((one) => one.startsWith('rename ') && one.includes(`"id":"${head.id}"`))).toBe(true)
    source.answers['rename'] = { outcome: 'unchanged', head }
    await expect(link.rename(path, to)).rejects.toMatchObject({ code: 'E_CONFLICT' })
  })
})
