import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agentId, lockId } from '../../../protocol/ids.js'
import { lock, type Lock } from '../../../protocol/locks.js'
import { workspacePath } from '../../../protocol/paths.js'
import { locksFileText, readLocksFile } from '../../../server/locks/locks-file.js'
import type { LocksFilePlace } from '../../../server/locks/locks-file-service.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, type TestServer, type TestServerOptions } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { granted, lockedBy } from './lock-doors.js'

const NOW = Date.parse('2026-02-05T01:10:00Z')
const OLD = {
  locks: {
    'src/auth/login.py': {
      agent: 'CLAUDE',
      task_id: 'TASK-ACTIVE-20260205-001',
      acquired_at: '2026-02-05T10:00:00+09:00',
      ttl_minutes: 30,
    },
    'src\\win\\path.py': { agent: 'CODEX-api', acquired_at: '2026-02-05T10:05:00+09:00' },
    'gone.py': { agent: 'CLAUDE', acquired_at: '2026-02-05T09:39:00+09:00' },
    'unreadable-time.py': { agent: 'CLAUDE', acquired_at: 'yesterday', ttl_minutes: 30 },
    'ahead.py': { agent: 'gemini', acquired_at: '2027-01-01T00:00:00+09:00', ttl_minutes: 5 },
    '../outside.py': { agent: 'CLAUDE', acquired_at: '2026-02-05T10:00:00+09:00', ttl_minutes: 30 },
    'nobody.py': { agent: '?!', acquired_at: '2026-02-05T10:00:00+09:00', ttl_minutes: 30 },
    'broken.py': 7,
  },
  last_cleanup: '2026-02-05T10:00:00+09:00',
}

describe('a _locks.json of an older protocol', () => {
  it('[LOCK-18] what has not run out is taken over for the time that is left, under the name of its agent', () => {
    const reading = readLocksFile(JSON.stringify(OLD), NOW)
    expect(reading?.locks).toEqual([
      { path: 'src/auth/login.py', holder: 'CLAUDE-imported', left: 20 * 60_000 },
      { path: 'src/win/path.py', holder: 'CODEX-api', left: 25 * 60_000 },
      { path: 'ahead.py', holder: 'GEMINI-imported', left: 5 * 60_000 },
    ])
    expect(reading?.faults).toEqual([
      expect.stringContaining('outside.py'),
      expect.stringContaining('nobody.py'),
      expect.stringContaining('broken.py'),
    ])
  })

  it.each(['', '{', '[]', '{"locks": []}', 'null', '{"locks": 1}'])('%j is no such file', (text) => {
    expect(readLocksFile(text, NOW)).toBeUndefined()
  })

  it('no text and no entry makes it throw', () => {
    const entry = fc.record({ agent: fc.anything(), acquired_at: fc.anything(), ttl_minutes: fc.anything() })
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue())), fc.double(), (locks, now) => {
        readLocksFile(
          JSON.stringify({ locks }, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)),
          now,
        )
      }),
    )
  })

  it('[LOCK-18] one lock a file is written: the EXCLUSIVE one, else the oldest that keeps others out', () => {
    const text = locksFileText(
      [
        made('a.ts', 'CLAUDE-a', 'REVIEW'),
        made('b.ts', 'CLAUDE-a', 'SHARED'),
        made('b.ts', 'CODEX-b', 'EXCLUSIVE'),
        made('c.ts', 'CLAUDE-a', 'SHARED'),
        made('c.ts', 'CODEX-b', 'SHARED'),
      ],
      NOW,
    )
    const times = { task_id: null, acquired_at: '2026-02-05T01:10:00.000+00:00', ttl_minutes: 5 }
    expect(JSON.parse(text)).toEqual({
      locks: { 'b.ts': { agent: 'CODEX-b', ...times }, 'c.ts': { agent: 'CLAUDE-a', ...times } },
      last_cleanup: '2026-02-05T01:10:00.000+00:00',
    })
    expect(readLocksFile(text, NOW)).toEqual({
      locks: [
        { path: 'b.ts', holder: 'CODEX-b', left: 300_000 },
        { path: 'c.ts', holder: 'CLAUDE-a', left: 300_000 },
      ],
      faults: [],
    })
  })
})

describe('the server and _locks.json', () => {
  it('[LOCK-18] it is read at the first start alone, and then written', async () => {
    const storage = openMemoryStorage()
    const clock = new ManualClock(NOW)
    const place = new FakePlace(JSON.stringify(OLD))
    await withServer({ storage, ...options(clock), locksFile: place }, async (server) => {
      const bob = await server.connectAs('CODEX-bob')
      expect(await lockedBy(bob, 'src/auth/login.py')).toMatchObject({
        refusal: { holder: 'CLAUDE-imported', expectedWait: 20 * 60_000 },
      })
      await until(() => place.holders['ahead.py'] === 'GEMINI-imported')
      expect(Object.keys(place.holders).sort()).toEqual(['ahead.py', 'src/auth/login.py', 'src/win/path.py'])
    })
    place.text = JSON.stringify({ locks: { 'late.py': { ...OLD.locks['src/auth/login.py'] } } })
    await withServer({ storage, ...options(clock), locksFile: place }, async (server) => {
      await until(() => place.holders['late.py'] === undefined)
      const bob = await server.connectAs('CODEX-bob')
      expect(granted(await lockedBy(bob, 'late.py'))).toHaveLength(1)
    })
  })

  it('[LOCK-18] one that cannot be read is left as it is', async () => {
    const clock = new ManualClock(NOW)
    const place = new FakePlace('{"locks": {"a.py": ')
    await withServer({ ...options(clock), locksFile: place }, async (server) => {
      granted(await lockedBy(await server.connectAs('CODEX-bob'), 'b.py'))
      await clock.advance(5_000)
    })
    expect(place).toMatchObject({ text: '{"locks": {"a.py": ', writes: 0 })
  })

  it('[LOCK-18] it is written at most once a second, renewals too, and again after a failure', async () => {
    const clock = new ManualClock(NOW)
    const place = new FakePlace(null)
    await withServer({ ...options(clock), locksFile: place }, async (server) => {
      await until(() => place.writes === 1)
      const bob = await server.connectAs('CODEX-bob')
      const [first] = granted(await lockedBy(bob, '0.ts'))
      for (let n = 1; n < 20; n++) granted(await lockedBy(bob, `${n}.ts`))
      expect(place.writes).toBe(1)
      await clock.advance(1_000)
      await until(() => Object.keys(place.holders).length === 20)
      expect(place.writes).toBe(2)
      await clock.advance(1_000)
      await bob.request('renewLocks', { ids: [first?.id ?? lockId.parse('l0')], ttl: 3_600 })
      await until(() => place.text?.includes('"ttl_minutes": 61') === true)
      place.fails = true
      await bob.request('unlock', { path: workspacePath.parse('0.ts') })
      await clock.advance(1_000)
      await until(() => place.refused === 1)
      place.fails = false
      await clock.advance(10_000)
      await until(() => place.holders['0.ts'] === undefined)
    })
  })
})

class FakePlace implements LocksFilePlace {
  writes = 0
  refused = 0
  fails = false
  text: string | null

  constructor(text: string | null) {
    this.text = text
  }

  get holders(): Record<string, string> {
    const { locks } = JSON.parse(this.text ?? '{"locks": {}}') as { locks: Record<string, { agent: string }> }
    return Object.fromEntries(Object.entries(locks).map(([path, { agent }]) => [path, agent]))
  }

  read(): Promise<string | null> {
    return Promise.resolve(this.text)
  }

  write(text: string): Promise<void> {
    if (this.fails) {
      this.refused++
      return Promise.reject(new Error('read-only'))
    }
    this.text = text
    this.writes++
    return Promise.resolve()
  }
}

const options = ({ now, elapsed, timers }: ManualClock): TestServerOptions => ({ now, elapsed, timers })

async function withServer(own: TestServerOptions, work: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startServer(own)
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

function made(path: string, holder: string, type: Lock['type']): Lock {
  return lock.parse({
    ...{ id: 'l1', token: 1, holder: agentId.parse(holder), path, region: { kind: 'file' }, lines: null, type },
    ...{ acquiredAt: NOW, expiresAt: NOW + 300_000, ttl: 300 },
  })
}
