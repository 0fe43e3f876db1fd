import { afterEach, describe, expect, it } from 'vitest'
import { writeId } from '../../../protocol/ids.js'
import { lockCommand } from '../../../protocol/locks.js'
import { workspacePath } from '../../../protocol/paths.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Storage } from '../../../server/storage/storage.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, TOKEN, type TestServer, type TestServerOptions } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { askLocks, granted, lockedBy, putText, textAt } from './lock-doors.js'

const running: TestServer[] = []
const start = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const server = await startServer(options)
  running.push(server)
  return server
}
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})

const TEN = Array.from({ length: 10 }, (_, line) => `line ${line + 1}\n`).join('')

describe('locks of the server', () => {
  it('[LOCK-1] a lock has a token that rises, over restarts too, and outlives the server', async () => {
    const storage: Storage = openMemoryStorage()
    const { now, elapsed, timers } = new ManualClock()
    const first = await start({ storage, now, elapsed, timers })
    const ada = await first.connectAs('CLAUDE-ada')
    const one = granted(await lockedBy(ada, 'a.ts'))
    await lockedBy(ada, 'b.ts')
    await first.stop()
    running.length = 0
    const second = await start({ storage, now, elapsed, timers })
    const bob = await second.connectAs('CODEX-bob')
    const { locks } = await bob.request('locks', {})
    expect(locks.map(({ path, token, holder }) => ({ path, token, holder }))).toEqual([
      { path: 'a.ts', token: 1, holder: 'CLAUDE-ada' },
      { path: 'b.ts', token: 2, holder: 'CLAUDE-ada' },
    ])
    expect(locks[0]?.expiresAt).toBe(one[0]?.expiresAt)
    expect(granted(await lockedBy(bob, 'c.ts'))).toMatchObject([{ token: 3 }])
  })

  it('[LOCK-1] nothing of it is answered before it is stored', async () => {
    const storage = new FailingStorage()
    const server = await start({ storage })
    const ada = await server.connectAs('CLAUDE-ada')
    const whenStored = async <T>(asking: () => Promise<T>): Promise<T> => {
      storage.hold()
      let isAnswered = false
      const answer = asking().finally(() => (isAnswered = true))
      await until(() => storage.held > 0)
      await ada.request('status', {}) // what was answered is here
      expect(isAnswered).toBe(false)
      storage.releaseAll()
      return await answer
    }
    const [lock] = granted(await whenStored(() => lockedBy(ada, 'a.ts')))
    const ids = lock === undefined ? [] : [lock.id]
    await whenStored(() => ada.request('renewLocks', { ids, ttl: 600 }))
    await whenStored(() => ada.request('unlock', { ids }))
    expect((await ada.request('locks', {})).locks).toEqual([])
  })

  it('[LOCK-6] a lock that was renewed for less than it had left keeps that over a restart, and no longer where the clock was set back', async () => {
    const storage: Storage = openMemoryStorage()
    const clock = new ManualClock()
    const { elapsed, timers } = clock
    let setBy = 0
    const now = () => clock.now() + setBy
    const first = await start({ storage, now, elapsed, timers })
    const ada = await first.connectAs('CLAUDE-ada')
    const [long] = granted(await lockedBy(ada, 'a.ts', {}, { ttl: 3600 }))
    expect(granted(await lockedBy(ada, 'a.ts'))).toMatchObject([{ id: long?.id, expiresAt: long?.expiresAt }])
    await first.stop()
    running.length = 0
    const second = await start({ storage, now, elapsed, timers })
    expect((await (await second.connect()).request('locks', {})).locks[0]?.expiresAt).toBe(long?.expiresAt)
    await second.stop()
    running.length = 0
    setBy = -86_400_000
    const third = await start({ storage, now, elapsed, timers })
    expect((await (await third.connect()).request('locks', {})).locks[0]?.expiresAt).toBe(now() + 3_600_000)
  })

  it('[LOCK-11] a symbol is locked where it stands, and moves with its text; an unknown one is refused with near names', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    const text = 'class App {\n  render() {\n    return 1\n  }\n  stop() {}\n}\n'
    const { etag } = await putText(server, 'a.ts', text)
    const symbol = (name: string) => ({ region: { kind: 'symbol', name } })
    const [lock] = granted(await lockedBy(ada, 'a.ts', symbol('App.render')))
    expect(lock).toMatchObject({ lines: { from: 2, to: 4 }, region: { kind: 'symbol', name: 'App.render' } })
    expect(await lockedBy(bob, 'a.ts', symbol('App'))).toMatchObject({ refusal: { lockId: lock?.id } })
    expect(granted(await lockedBy(bob, 'a.ts', symbol('App.stop')))).toMatchObject([{ lines: { from: 5, to: 5 } }])
    await putText(server, 'a.ts', `// first\n${text}`, { base: etag })
    expect(await ada.request('locks', { holder: lock?.holder })).toMatchObject({
      locks: [{ lines: { from: 3, to: 5 } }],
    })
    await expect(lockedBy(bob, 'a.ts', symbol('App.rendr'))).rejects.toMatchObject({
      code: 'E_UNKNOWN_SYMBOL',
      data: { near: ['App.render'] },
    })
  })

  it('[LOCK-9] who waits for a task of whoever waits for its lock is told at once', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    const subtasks = [{ title: 'API' }, { title: 'UI', assignee: 'CODEX-bob' }]
    let asked = 0
    const tell = (what: object) => ada.request('task', taskCommand.parse({ writeId: `w-${++asked}`, ...what }))
    const { task } = await tell({ create: { title: 'Shop', subtasks } })
    const change = (one: object) => tell({ task: task.id, change: one })
    await change({ do: 'depend', subtask: '2', depends_on: ['1'] })
    await change({ do: 'claim', subtask: '1' })
    granted(await lockedBy(bob, 'a.ts'))
    expect(await lockedBy(ada, 'a.ts', {}, { wait: 60 })).toMatchObject({
      refusal: { reason: 'deadlock', cycle: [{ agent: 'CLAUDE-ada' }, { agent: 'CODEX-bob', path: null }] },
    })
    const { events } = await bob.request('recent', { since: 0 })
    expect(events.findLast(({ type }) => type === 'lock:failed')).toMatchObject({
      agent_id: 'CLAUDE-ada',
      data: {
        reason: 'deadlock',
        cycle: [
          { agent: 'CLAUDE-ada', path: 'a.ts' },
          { agent: 'CODEX-bob', path: null },
        ],
      },
    })
  })

  it('[LOCK-21] events tell for how long who got a lock, or did not, has waited', async () => {
    const clock = new ManualClock()
    const { now, elapsed, timers } = clock
    const server = await start({ now, elapsed, timers })
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    const eve = await server.connectAs('GEMINI-eve')
    const waiting = async (count: number) =>
      until(async () => (await ada.request('locks', {})).waiting.length === count, `${count} who wait`)
    granted(await lockedBy(ada, 'a.ts', {}, { ttl: 10 }))
    const results = [lockedBy(bob, 'a.ts', {}, { wait: 60 })]
    await waiting(1)
    results.push(lockedBy(eve, 'a.ts', {}, { wait: 30 }))
    await waiting(2)
    await clock.advance(30_000)
    expect((await Promise.all(results)).map(({ outcome }) => outcome)).toEqual(['granted', 'refused'])
    await lockedBy(eve, 'a.ts')
    const { events } = await ada.request('recent', { since: 0 })
    expect(
      events.flatMap(({ type, agent_id, data }) =>
        type === 'lock:acquired' || type === 'lock:failed' ? [[type, agent_id, data.waited]] : [],
      ),
    ).toEqual([
      ['lock:acquired', 'CLAUDE-ada', 0],
      ['lock:acquired', 'CODEX-bob', 10_000],
      ['lock:failed', 'GEMINI-eve', 30_000],
      ['lock:failed', 'GEMINI-eve', 0],
    ])
  })

  it('[LOCK-12] a lock keeps others out of its file under every name that the file gets, and its region is still there', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    const { etag } = await putText(server, 'a.ts', TEN)
    const [lock] = granted(await lockedBy(ada, 'a.ts', { region: { kind: 'lines', from: 2, to: 4 } }))
    const { files } = await ada.request('tree', {})
    const id = files.find(({ path }) => path === 'a.ts')!.id
    const rename = {
      writeId: writeId.parse('w-1'),
      id,
      path: workspacePath.parse('a.ts'),
      to: workspacePath.parse('b.ts'),
    }
    expect(await ada.request('rename', rename)).toMatchObject({ outcome: 'accepted' })
    expect(await ada.request('locks', {})).toMatchObject({
      locks: [{ id: lock?.id, path: 'b.ts', lines: { from: 2, to: 4 } }],
    })
    const written = await putText(server, 'b.ts', TEN.replace('line 3', 'three'), { agent: 'CODEX-bob', base: etag })
    expect(written).toMatchObject({ status: 409, body: { outcome: 'conflict', held: 1 } })
    expect(await textAt(server, 'b.ts')).toBe(TEN)
  })

  it('[LOCK-2, LOCK-10] a person moves a file to a path that is locked ahead: its own locks stay, the other holder is told', async () => {
    const server = await start()
    const [ada, bob] = [await server.connectAs('CLAUDE-ada'), await server.connectAs('CODEX-bob')]
    const eve = await server.connectAs('GEMINI-eve')
    for (const path of ['a.ts', 'c.ts']) await putText(server, path, TEN)
    granted(await lockedBy(ada, 'a.ts'))
    granted(await lockedBy(bob, 'b.ts'))
    granted(await lockedBy(bob, 'd.ts'))
    const wants = ['c.ts', 'd.ts'].map((path) => ({ path: workspacePath.parse(path) }))
    const waits = eve.request('lock', lockCommand.parse({ wants, wait: 60 }))
    await until(async () => (await ada.request('locks', {})).waiting.length === 1)
    const rename = async (path: string, to: string): Promise<number> => {
      const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' }
      const body = JSON.stringify({ to })
      return (await fetch(`${server.url}/api/files/${path}`, { method: 'PATCH', headers, body })).status
    }
    expect(await rename('a.ts', 'b.ts')).toBe(200)
    expect(await rename('c.ts', 'e.ts')).toBe(200)
    const { locks, waiting } = await ada.request('locks', {})
    expect(locks.map(({ holder, path }) => `${holder} ${path}`)).toEqual(['CLAUDE-ada b.ts', 'CODEX-bob d.ts'])
    expect(waiting.flatMap((one) => one.wants.map(({ path }) => path))).toEqual(['e.ts', 'd.ts'])
    const { events } = await bob.request('recent', { since: 0 })
    const ended = { holder: 'CODEX-bob', path: 'b.ts', reason: 'forced', by: 'PEER' }
    expect(events.filter(({ type }) => type === 'lock:released').map(({ data }) => data)).toMatchObject([ended])
    await askLocks(server, 'CODEX-bob', 'POST', '/release', { path: 'd.ts' })
    expect(granted(await waits).map(({ path }) => path)).toEqual(['e.ts', 'd.ts'])
  })

  it('[LOCK-8] a refusal is a value: holder, region, since when, for how long at most, and the place in line', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    await putText(server, 'a.ts', TEN)
    const [held] = granted(await lockedBy(ada, 'a.ts', { region: { kind: 'lines', from: 2, to: 4 } }))
    expect(await lockedBy(bob, 'a.ts')).toMatchObject({
      outcome: 'refused',
      refusal: {
        ...{
          reason: 'held',
          path: 'a.ts',
          holder: 'CLAUDE-ada',
          lockId: held?.id,
          since: held?.acquiredAt,
          queuePlace: 1,
        },
        heldLines: { from: 2, to: 4 },
      },
    })
    expect(granted(await lockedBy(bob, 'a.ts', { region: { kind: 'lines', from: 5, to: 5 } }))).toHaveLength(1)
  })

  it('[LOCK-6] whoever waits is answered when its turn comes', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    const [lock] = granted(await lockedBy(ada, 'a.ts'))
    const waiting = lockedBy(bob, 'a.ts', {}, { wait: 600 })
    await until(async () => (await ada.request('locks', {})).waiting[0]?.waitsFor[0] === 'CLAUDE-ada')
    if (lock !== undefined) await ada.request('unlock', { ids: [lock.id] })
    expect(granted(await waiting)).toMatchObject([{ holder: 'CODEX-bob', token: 2 }])
  })

  it('[LOCK-6] a lock ends when its time is over, by a clock that nobody can set; renewed, it goes on', async () => {
    const clock = new ManualClock()
    const { now, elapsed, timers } = clock
    const server = await start({ now, elapsed, timers })
    const ada = await server.connectAs('CLAUDE-ada')
    const [a] = granted(await lockedBy(ada, 'a.ts', {}, { ttl: 100 }))
    const [b] = granted(await lockedBy(ada, 'b.ts', {}, { ttl: 100 }))
    clock.set(3_600_000)
    await clock.advance(60_000)
    if (a !== undefined) await ada.request('renewLocks', { ids: [a.id] })
    clock.set(-7_200_000)
    await clock.advance(50_000)
    expect((await ada.request('locks', {})).locks.map(({ path }) => path)).toEqual(['a.ts'])
    const ids = b === undefined ? [] : [b.id]
    await expect(ada.request('unlock', { ids })).rejects.toMatchObject({ code: 'E_LOCK_NOT_HELD' })
    await clock.advance(60_000)
    expect((await ada.request('locks', {})).locks).toEqual([])
    const { events } = await ada.request('recent', { since: 0 })
    expect(events.filter(({ type }) => type === 'lock:expired')).toHaveLength(2)
  })

  it('[LOCK-7] a clean leave ends the locks of an agent, a crash only after a grace, a return in time does not', async () => {
    const clock = new ManualClock()
    const { now, elapsed, timers } = clock
    const server = await start({ now, elapsed, timers })
    const watcher = await server.connect()
    const paths = async () => (await watcher.request('locks', {})).locks.map(({ path }) => path)
    const ada = await server.connectAs('CLAUDE-ada')
    await lockedBy(ada, 'a.ts')
    await ada.request('leave', {})
    await until(async () => (await paths()).length === 0, 'the release')
    const bob = await server.connectAs('CODEX-bob')
    await lockedBy(bob, 'b.ts')
    const gone = async () => (await watcher.request('status', {})).agents.length === 0
    await bob.close()
    await until(gone, 'the end of the connection')
    await clock.advance(29_000)
    expect(await paths()).toEqual(['b.ts'])
    const back = await server.connectAs('CODEX-bob')
    await clock.advance(29_000)
    expect(await paths()).toEqual(['b.ts'])
    await back.close()
    await until(gone, 'the end of the second connection')
    await clock.advance(31_000)
    await until(async () => (await paths()).length === 0, 'the end of the grace')
  })

  it('[LOCK-7] a lock taken without a connection ends by release or with its time, not with a connection', async () => {
    const server = await start()
    const asked = await askLocks(server, 'CLAUDE-ada', 'POST', '', { wants: [{ path: 'a.ts' }], ttl: 1000 })
    expect(asked).toMatchObject({ status: 200, body: { outcome: 'granted', locks: [{ holder: 'CLAUDE-ada' }] } })
    const ada = await server.connectAs('CLAUDE-ada')
    await lockedBy(ada, 'b.ts')
    await ada.request('leave', {})
    const watcher = await server.connect()
    await until(async () => (await watcher.request('locks', {})).locks.length === 1, 'the release of the other')
    expect((await watcher.request('locks', {})).locks).toMatchObject([{ path: 'a.ts' }])
    expect(await askLocks(server, 'CLAUDE-ada', 'POST', '/release', { path: 'a.ts' })).toMatchObject({ status: 200 })
  })

  it('[LOCK-3] a path that holds no file can be locked whole; lines of it cannot', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    expect(granted(await lockedBy(ada, 'new.ts'))).toMatchObject([{ path: 'new.ts', lines: null }])
    await expect(lockedBy(ada, 'new.ts', { region: { kind: 'lines', from: 1, to: 1 } })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    })
  })

  it('[LOCK-10] a region moves with its text, also while the server is away', async () => {
    const storage: Storage = openMemoryStorage()
    const first = await start({ storage })
    const ada = await first.connectAs('CLAUDE-ada')
    await putText(first, 'a.ts', TEN)
    const region = { kind: 'lines', from: 4, to: 5 }
    granted(await lockedBy(ada, 'a.ts', { region, type: 'SHARED' }))
    const lines = async (connection: typeof ada) => (await connection.request('locks', {})).locks[0]?.lines
    await putText(first, 'a.ts', `new 1\nnew 2\n${TEN}`)
    expect(await lines(ada)).toEqual({ from: 6, to: 7 })
    await putText(first, 'a.ts', TEN.replace('line 4\n', 'line 4\nline 4b\n'), { agent: 'CLAUDE-ada' })
    expect(await lines(ada)).toEqual({ from: 4, to: 6 })
    await first.stop()
    running.length = 0
    const second = await start({ storage })
    await putText(second, 'a.ts', `top\n${TEN}`)
    expect(await lines(await second.connectAs('CLAUDE-ada'))).toEqual({ from: 5, to: 6 })
  })

  it('[LOCK-17] says what is wrong with a request, and does nothing of it', async () => {
    const server = await start()
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    await putText(server, 'a.ts', TEN)
    const [lock] = granted(await lockedBy(ada, 'a.ts', { region: { kind: 'lines', from: 1, to: 2 } }))
    const asked = async (body: object) => {
      const answer = await askLocks(server, 'CODEX-bob', 'POST', '', body)
      return { status: answer.status, ...(answer.body as { readonly code: string; readonly detail: string }) }
    }
    expect(await asked({ wants: [{ path: '../up.ts' }] })).toMatchObject({ status: 400, code: 'E_BAD_REQUEST' })
    expect(await asked({ wants: [{ path: 'a.ts' }], ttl: -1 })).toMatchObject({ status: 400 })
    expect(await asked({ wants: [{ path: 'a.ts' }], ttl: 1e9 })).toMatchObject({ status: 400 })
    expect(await asked({ wants: [] })).toMatchObject({ status: 400 })
    const beyond = { kind: 'lines', from: 5, to: 11 }
    expect(await asked({ wants: [{ path: 'a.ts', region: beyond }] })).toMatchObject({ status: 416, code: 'E_RANGE' })
    const backwards = { kind: 'lines', from: 5, to: 4 }
    expect(await asked({ wants: [{ path: 'a.ts', region: backwards }] })).toMatchObject({ status: 400 })
    expect(await asked({ wants: [{ path: 'a.ts' }] })).toMatchObject({ status: 409, code: 'E_LOCK_HELD' })
    const ids = lock === undefined ? [] : [lock.id]
    await expect(bob.request('unlock', { ids })).rejects.toMatchObject({ code: 'E_LOCK_NOT_HELD' })
    await expect(bob.request('renewLocks', { ids })).rejects.toMatchObject({ code: 'E_LOCK_NOT_HELD' })
    await expect((await server.connect()).request('locks', {})).resolves.toMatchObject({
      locks: [{ holder: 'CLAUDE-ada' }],
    })
    expect(await askLocks(server, 'CODEX-bob', 'POST', `/${ids[0] ?? ''}/break`)).toMatchObject({ status: 200 })
    expect((await bob.request('locks', {})).locks).toEqual([])
    const { events } = await ada.request('recent', { since: 0 })
    expect(events.at(-1)).toMatchObject({
      ...{ type: 'lock:released', agent_id: 'CLAUDE-ada' },
      data: { lock_id: ids[0], reason: 'forced', by: 'CODEX-bob' },
    })
  })
})
