import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import { isOfLines } from '../../../protocol/conflicts.js'
import { agentId, lockId, writeId as writeIdSchema } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { diff } from '../../../protocol/text/diff.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { bothTried, keptLines, sortOut, takingBack } from '../../../server/documents/fence.js'
import { ManualClock } from '../../support/manual-clock.js'
import { openPeer } from '../../support/peer.js'
import { startServer, type TestServer, type TestServerOptions } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { granted, lockedBy, putText, textAt } from './lock-doors.js'

const running: TestServer[] = []
const start = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const server = await startServer(options)
  running.push(server)
  return server
}
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})

const lines = (from: number, to: number) => ({ region: { kind: 'lines', from, to } })
const text = (change: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: 9 }, (_, at) => `${change[at + 1] ?? `line ${at + 1}`}\n`).join('')

async function stage(config: object = {}): Promise<{ server: TestServer; ada: Connection; token: number }> {
  const server = await start({ config })
  const ada = await server.connectAs('CLAUDE-ada')
  await putText(server, 'a.ts', text())
  const result = await lockedBy(ada, 'a.ts', lines(4, 6))
  if (result.outcome !== 'granted') throw new Error('the first lock is granted')
  return { server, ada, token: result.locks[0]?.token ?? 0 }
}

describe('a locked region', () => {
  it('[LOCK-12] what another agent writes into it is held, the rest goes in, and both are told', async () => {
    const { server, ada } = await stage()
    const answer = await putText(server, 'a.ts', text({ 1: 'one', 5: 'five', 9: 'nine' }), { agent: 'CODEX-bob' })
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'E_CONFLICT', outcome: 'conflict', applied: 2, held: 1 },
    })
    expect(await textAt(server, 'a.ts')).toBe(text({ 1: 'one', 9: 'nine' }))
    const { conflicts } = await ada.request('conflicts', {})
    expect(conflicts).toMatchObject([
      {
        ...{ reason: 'lock', base: 'line 5\n', ours: 'line 5\n', theirs: 'five\n', lock: { holder: 'CLAUDE-ada' } },
        authors: { ours: 'CLAUDE-ada', theirs: 'CODEX-bob' },
      },
    ])
    const { events } = await ada.request('recent', { since: 0 })
    expect(events.filter(({ type }) => type === 'conflict:raised')).toMatchObject([
      { data: { ours: 'CLAUDE-ada', theirs: 'CODEX-bob', reason: 'lock' } },
    ])
  })

  it('[LOCK-12] its holder, a person, and other lines are never refused', async () => {
    const { server } = await stage()
    expect(await putText(server, 'a.ts', text({ 5: 'mine' }), { agent: 'CLAUDE-ada' })).toMatchObject({ status: 200 })
    expect(await putText(server, 'a.ts', text({ 5: 'a person’s' }))).toMatchObject({ status: 200 })
    const around = text({ 3: 'three', 5: 'a person’s', 7: 'seven' })
    expect(await putText(server, 'a.ts', around, { agent: 'CODEX-bob' })).toMatchObject({ status: 200 })
  })

  it('[LOCK-12] nothing is deleted that holds locked text; with enforcement off, everything goes', async () => {
    const { server } = await stage()
    const remove = async (from: TestServer) =>
      (
        await fetch(`${from.url}/api/files/a.ts`, {
          method: 'DELETE',
          headers: { Authorization: 'Bearer test-token', 'X-Ensemble-Agent': 'CODEX-bob' },
        })
      ).status
    expect(await remove(server)).toBe(409)
    expect(await textAt(server, 'a.ts')).toBe(text())
    const off = await stage({ locks: { enforcement: 'off' } })
    expect(await putText(off.server, 'a.ts', text({ 5: 'five' }), { agent: 'CODEX-bob' })).toMatchObject({
      status: 200,
    })
    expect(await remove(off.server)).toBe(200)
  })

  it('[LOCK-12] a conflict of locked lines is decided by the holder, or when the lock has ended', async () => {
    const { server, ada } = await stage()
    await putText(server, 'a.ts', text({ 5: 'five' }), { agent: 'CODEX-bob' })
    const bob = await server.connectAs('CODEX-bob')
    const [conflict] = (await bob.request('conflicts', {})).conflicts
    if (conflict === undefined) throw new Error('there is a conflict')
    const resolve = (by: Connection, writeId: string) =>
      by.request('resolve', {
        id: conflict.id,
        writeId: writeIdSchema.parse(writeId),
        choice: { kind: 'theirs' },
      })
    await expect(resolve(bob, 'w1')).rejects.toMatchObject({ code: 'E_LOCK_HELD' })
    await expect(resolve(ada, 'w2')).resolves.toMatchObject({ conflict: { state: 'resolved' } })
    expect(await textAt(server, 'a.ts')).toBe(text({ 5: 'five' }))
  })

  it('[LOCK-14, SYNC-10] a token speaks for its lock while that is held, and for a stranger afterwards', async () => {
    const { server, ada, token } = await stage()
    expect(await putText(server, 'a.ts', text({ 5: 'mine' }), { token })).toMatchObject({ status: 200 })
    await ada.request('unlock', { path: (await ada.request('locks', {})).locks[0]!.path })
    expect(await putText(server, 'a.ts', text({ 5: 'still' }), { token, agent: 'CLAUDE-ada' })).toMatchObject({
      status: 200,
    })
    await lockedBy(await server.connectAs('CODEX-bob'), 'a.ts')
    expect(await putText(server, 'a.ts', text({ 5: 'late' }), { token, agent: 'CLAUDE-ada' })).toMatchObject({
      status: 409,
    })
    expect(await putText(server, 'a.ts', text({ 5: 'late' }), { token })).toMatchObject({ status: 409 })
  })

  it('[LOCK-14, SYNC-10] a token whose time is over is a stranger’s before any timer has run', async () => {
    const { elapsed, timers } = new ManualClock()
    let slept = 0 // as a machine that was asleep: time has passed, and no timer has run yet
    const server = await start({ elapsed: () => elapsed() + slept, timers })
    const ada = await server.connectAs('CLAUDE-ada')
    await putText(server, 'a.ts', text())
    const [short] = granted(await lockedBy(ada, 'a.ts', lines(1, 2), { ttl: 10 }))
    granted(await lockedBy(ada, 'a.ts', lines(4, 6), { ttl: 300 }))
    const token = short?.token ?? 0
    expect(await putText(server, 'a.ts', text({ 5: 'mine' }), { token })).toMatchObject({ status: 200 })
    slept = 10_000
    expect(await putText(server, 'a.ts', text({ 5: 'late' }), { token })).toMatchObject({ status: 409 })
    expect(await textAt(server, 'a.ts')).toBe(text({ 5: 'mine' }))
  })

  it('[LOCK-15] what changed in the served folder is the work of the agent whose lock covers all of it', async () => {
    const { server } = await stage()
    const { folder } = server
    const path = workspacePath.parse('a.ts')
    const write = async (changed: string, writeId: string) => {
      const { head } = await folder.request('stat', { path })
      if (head === null) throw new Error('the file is there')
      const content = { kind: 'text' as const, text: changed, bom: false, eol: 'lf' as const }
      const base = { rev: head.rev, hash: head.hash }
      const command = { writeId: writeIdSchema.parse(writeId), path, base, content, executable: false }
      const result = await folder.request('write', command)
      return 'head' in result ? `${result.outcome} ${result.head.author}` : result.outcome
    }
    expect(await write(text({ 5: 'five' }), 'd1')).toBe('accepted CLAUDE-ada')
    expect(await write(text({ 5: 'FIVE', 9: 'nine' }), 'd2')).toBe('accepted DISK')
  })

  it('[LOCK-13] what a live peer changes in it is undone in the same turn, is on record once, and the region stands', async () => {
    const { server, ada } = await stage()
    const bob = openPeer(server.url, 'a.ts', { agent: 'CODEX-bob' })
    const eve = openPeer(server.url, 'a.ts', { agent: 'GEMINI-eve' })
    await Promise.all([bob.synced(), eve.synced()])
    const seen: string[] = []
    eve.text.observe(() => seen.push(eve.text.toJSON()))
    const at = text().indexOf('line 5') + 'line 5'.length
    for (const letter of 'abc') {
      bob.text.insert(at, letter)
      await until(() => bob.text.toJSON() === text(), 'the undoing')
    }
    bob.doc.transact(() => {
      bob.text.delete(text().indexOf('line 4'), text().indexOf('line 7') - text().indexOf('line 4'))
      bob.text.insert(0, 'top\n')
    })
    await until(() => [bob, eve].every((peer) => peer.text.toJSON() === `top\n${text()}`), 'the undoing')
    expect(
      seen.filter((one) => !one.includes(text())),
      'no other peer ever sees the region changed',
    ).toEqual([])
    const held = await until(async () => {
      const { conflicts } = await ada.request('conflicts', {})
      return conflicts.length === 2 ? conflicts : undefined
    })
    expect(held.filter(isOfLines).map(({ reason, theirs }) => ({ reason, theirs }))).toEqual([
      { reason: 'lock', theirs: 'line 5abc\n' },
      { reason: 'lock', theirs: '' },
    ])
    expect((await ada.request('locks', {})).locks[0]?.lines).toEqual({ from: 5, to: 7 })
    expect(await putText(server, 'a.ts', `top\n${text({ 4: 'x' })}`, { agent: 'CODEX-bob' })).toMatchObject({
      status: 409,
    })
    bob.close()
    eve.close()
  })
})

describe('what is kept out of a closed region', () => {
  const region = (from: number, to: number) => ({
    lock: { id: lockId.parse('l1'), holder: agentId.parse('CLAUDE-ada') },
    from,
    to,
  })
  const someLines = fc.array(fc.constantFrom('a', 'b', '', 'abc', '}', '  x'), { maxLength: 12 })

  it('[LOCK-12] of any change to any text: the region stays as it is, on lines of its own; the rest, and what is held, is all there is', () => {
    fc.assert(
      fc.property(someLines, someLines, fc.nat(), fc.nat(), (before, after, a, b) => {
        const old = before.map((line) => `${line}\n`).join('')
        const starts = [0, ...before.map((_, at) => before.slice(0, at + 1).join('\n').length + 1)].slice(0, -1)
        if (starts.length === 0) return
        const [first = 0, last = 0] = [a % starts.length, b % starts.length].sort((x, y) => x - y)
        const closed = region(starts[first] ?? 0, (starts[last] ?? 0) + (before[last] ?? '').length)
        const wanted = after.join('\n')
        const { edits, out } = sortOut(old, diff(old, wanted), [closed])
        const whole = applyEdits(old, edits)
        expect(whole).toBe(wanted)
        const kept = applyEdits(whole, takingBack(edits, out))
        const inside = old.slice(closed.from, closed.to)
        const isThere = [...kept.matchAll(/(?:^|(?<=\n))/g)].some(({ index }) => {
          const end = kept[index + inside.length]
          return kept.startsWith(inside, index) && (end === undefined || end === '\n')
        })
        expect(isThere).toBe(true)
        // Taking every kept block for what is held in its place gives what was wanted.
        let again = kept
        for (const { ours, theirs, from, to } of [...keptLines(old, edits, out)].reverse()) {
          expect(again.slice(from, to)).toBe(ours)
          again = again.slice(0, from) + theirs + again.slice(to)
        }
        expect(again).toBe(wanted)
      }),
      { numRuns: 3000 },
    )
  })

  it('[LOCK-12] a function put before a locked one is not in it, although the diff may say so', () => {
    const old = 'f() {\n  one\n}\n\ng() {\n  two\n}\n'
    const wanted = 'f() {\n  one\n}\n\nh() {\n  new\n}\n\ng() {\n  two\n}\n'
    const closed = region(old.indexOf('g()'), old.length - 1)
    expect(sortOut(old, diff(old, wanted), [closed]).out).toEqual([])
  })

  it('[LOCK-13] of two tries in one place nothing is lost', () => {
    expect(bothTried('line\n', 'linea\n', 'lineb\n')).toBe('lineab\n')
    expect(bothTried('line\n', 'Line\n', 'linE\n')).toBe('LinE\n')
    expect(bothTried('line\n', '\n', 'new line\n')).toBe('new \n')
  })
})
