import { afterEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import { contentHash, writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openPeer } from '../../support/peer.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { openRawPeer } from '../sync/raw.js'
import { put } from '../sync/seed.js'
import { granted, lockedBy, putText, textAt } from './lock-doors.js'

let server: TestServer | undefined
afterEach(async () => {
  await server?.stop()
})

/** CLAUDE-ada has `path` locked whole; CODEX-bob is there, too. */
async function stage(path: string, text?: string) {
  server = await startServer()
  const [ada, bob] = [await server.connectAs('CLAUDE-ada'), await server.connectAs('CODEX-bob')]
  if (text !== undefined) await putText(server, path, text)
  const [lock] = granted(await lockedBy(ada, path))
  if (lock === undefined) throw new Error('one lock was asked for')
  return { server, ada, bob, lock }
}

const ask = async (at: TestServer, agent: string | null, method: string, path: string, body?: object) => {
  const headers = {
    ...{ Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    ...(agent === null ? {} : { 'X-Ensemble-Agent': agent }),
  }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(`${at.url}/api/${path}`, { method, headers, ...sent })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const open = async (of: Connection) => (await of.request('conflicts', {})).conflicts
const isThere = async (of: Connection, path: string): Promise<boolean> =>
  (await of.request('stat', { path: workspacePath.parse(path) })).head?.deleted === false
const named = async (of: Connection) =>
  (await of.request('recent', { since: 0 })).events.filter(({ type }) => type === 'rename:refused')

describe('a path that is locked whole', () => {
  it('[LOCK-19] another makes no file there: what was to be it is on record, and both are told', async () => {
    const { server, ada, bob, lock } = await stage('new.ts')
    const made = await putText(server, 'new.ts', 'bob\n', { agent: 'CODEX-bob' })
    expect(made).toMatchObject({ status: 409, body: { code: 'E_CONFLICT', applied: 0, held: 1 } })
    expect(await isThere(ada, 'new.ts')).toBe(false)
    const held = { reason: 'create', lock: { id: lock.id, holder: 'CLAUDE-ada' }, theirs: { text: 'bob\n' } }
    expect(await open(ada)).toMatchObject([{ ...held, authors: { ours: 'CLAUDE-ada', theirs: 'CODEX-bob' } }])
    const { events } = await bob.request('recent', { since: 0 })
    expect(events.filter(({ type }) => type === 'conflict:raised')).toHaveLength(1)
    // The same over the agent socket, and as bytes.
    const content = { kind: 'binary' as const, base64: Buffer.from([0, 255]).toString('base64') }
    const command = { writeId: writeId.parse('w1'), path: workspacePath.parse('new.ts'), base: null, executable: false }
    expect(await bob.request('write', { ...command, content })).toMatchObject({
      ...{ outcome: 'conflict', held: 1, head: { deleted: true, rev: 1 } },
    })
    await expect(
      bob.request('write', { ...command, writeId: writeId.parse('w2'), content, atomic: true }),
    ).rejects.toMatchObject({ code: 'E_CONFLICT' })
    expect(await open(ada)).toHaveLength(2)
  })

  it('[LOCK-19] what is held has its writer’s side of all that overlaps with what was deleted there', async () => {
    server = await startServer()
    const [ada, bob] = [await server.connectAs('CLAUDE-ada'), await server.connectAs('CODEX-bob')]
    const first = await put(ada, 'a.ts', 'one\ntwo\nthree\n')
    const second = await put(ada, 'a.ts', 'one\nTWO\nthree\n', first.head)
    const { rev, hash, path } = second.head
    await ada.request('delete', { writeId: writeId.parse('gone'), path, base: { rev, hash } })
    granted(await lockedBy(ada, 'a.ts'))
    const made = await put(bob, 'a.ts', 'one\n2\nthree\nfour\n', first.head)
    expect(made).toMatchObject({ outcome: 'conflict', head: { deleted: true } })
    expect(await open(ada)).toMatchObject([{ reason: 'create', theirs: { text: 'one\n2\nthree\nfour\n' } }])
  })

  it('[LOCK-13] what another typed before the grant, and is not stored, is a revision before it', async () => {
    const storage = new FailingStorage()
    server = await startServer({ storage })
    const ada = await server.connectAs('CLAUDE-ada')
    await put(ada, 'a.ts', 'one\n')
    const bob = await (await openRawPeer(server.url, 'a.ts', { query: 'agent=CODEX-bob' })).synced()
    storage.hold()
    for (const typed of ['stored now\n', 'gathers meanwhile\n']) {
      bob.edit((text) => {
        text.insert(0, typed)
      })
      await bob.roundTrip()
    }
    const asking = lockedBy(ada, 'a.ts')
    await ada.request('status', {}) // it has come
    bob.edit((text) => {
      text.insert(0, 'too late\n')
    })
    await bob.roundTrip()
    storage.releaseAll()
    granted(await asking)
    const [conflict] = await until(async () => {
      const conflicts = await open(ada)
      return conflicts.length > 0 && conflicts
    })
    expect(conflict).toMatchObject({ reason: 'lock' })
    const { events } = await ada.request('recent', { since: 0 })
    const kinds = events.map(({ type }) => type).filter((type) => /^(file:changed|lock:acquired)$/.test(type))
    expect(kinds.indexOf('lock:acquired')).toBe(3)
    expect(await textAt(server, 'a.ts')).toBe('gathers meanwhile\nstored now\none\n')
    bob.end()
  })

  it('[LOCK-13] the same of what its holder typed, when it gives the lock to who waits', async () => {
    const storage = new FailingStorage()
    server = await startServer({ storage })
    const [ada, bob] = [await server.connectAs('CLAUDE-ada'), await server.connectAs('CODEX-bob')]
    await put(ada, 'a.ts', 'one\n')
    const [lock] = granted(await lockedBy(ada, 'a.ts'))
    const waiting = lockedBy(bob, 'a.ts', {}, { wait: 60 })
    await until(async () => (await ada.request('locks', {})).waiting.length === 1)
    const page = await (await openRawPeer(server.url, 'a.ts', { query: 'agent=CLAUDE-ada' })).synced()
    storage.hold()
    for (const typed of ['stored now\n', 'gathers meanwhile\n']) {
      page.edit((text) => {
        text.insert(0, typed)
      })
      await page.roundTrip()
    }
    const releasing = ada.request('unlock', { ids: lock === undefined ? [] : [lock.id] })
    await ada.request('status', {}) // it has come
    storage.releaseAll()
    await releasing
    granted(await waiting)
    const { events } = await ada.request('recent', { since: 0 })
    const kinds = events.map(({ type }) => type).filter((type) => /^(file:changed|lock:acquired)$/.test(type))
    expect(kinds).toEqual(['file:changed', 'lock:acquired', 'file:changed', 'file:changed', 'lock:acquired'])
    page.end()
  })

  it('[LOCK-19] bytes, too, and all or nothing, where there never was a file', async () => {
    const { ada, bob } = await stage('new.bin')
    const content = { kind: 'binary' as const, base64: Buffer.from([0, 255]).toString('base64') }
    const command = { path: workspacePath.parse('new.bin'), base: null, executable: true, content }
    await expect(
      bob.request('write', { ...command, writeId: writeId.parse('w1'), atomic: true }),
    ).rejects.toMatchObject({ code: 'E_CONFLICT' })
    expect(await open(ada)).toEqual([])
    expect(await bob.request('write', { ...command, writeId: writeId.parse('w2') })).toMatchObject({
      ...{ outcome: 'conflict', head: { deleted: true } },
    })
    const [conflict] = await open(ada)
    if (conflict === undefined) throw new Error('it is held')
    await ada.request('resolve', { id: conflict.id, writeId: writeId.parse('w3'), choice: { kind: 'theirs' } })
    expect((await ada.request('read', { ids: [conflict.fileId] })).files).toMatchObject([{ content }])
  })

  it('[LOCK-19] its holder makes it, with its name or its token; so does a person', async () => {
    const { server, lock } = await stage('new.ts')
    await putText(server, 'new.ts', 'bob\n', { agent: 'CODEX-bob' })
    expect((await putText(server, 'new.ts', 'ada\n', { agent: 'CLAUDE-ada' })).status).toBe(201)
    expect(await textAt(server, 'new.ts')).toBe('ada\n')
    expect((await ask(server, 'CLAUDE-ada', 'DELETE', 'files/new.ts')).status).toBe(200)
    expect((await putText(server, 'new.ts', 'token\n', { token: lock.token })).status).toBe(201)
    expect((await ask(server, null, 'DELETE', 'files/new.ts')).status).toBe(200)
    expect((await putText(server, 'new.ts', 'person\n')).status).toBe(201)
  })

  it('[LOCK-19] nothing that was deleted there comes back but by its holder, by a decision neither', async () => {
    const { server, ada, bob } = await stage('a.ts', 'text\n')
    expect((await ask(server, 'CLAUDE-ada', 'DELETE', 'files/a.ts')).status).toBe(200)
    expect((await putText(server, 'a.ts', 'again\n', { agent: 'CODEX-bob' })).status).toBe(409)
    expect(await isThere(bob, 'a.ts')).toBe(false)
    const [conflict] = await open(bob)
    if (conflict === undefined) throw new Error('it is held')
    const choose = (by: Connection, id: string) =>
      by.request('resolve', { id: conflict.id, writeId: writeId.parse(id), choice: { kind: 'theirs' } })
    await expect(choose(bob, 'w1')).rejects.toMatchObject({ code: 'E_LOCK_HELD' })
    await choose(ada, 'w2')
    expect(await textAt(server, 'a.ts')).toBe('again\n')
  })

  it('[LOCK-19] another does not delete it, by a decision about what was held neither, until the lock has ended', async () => {
    const { server, ada, bob, lock } = await stage('a.ts', 'text\n')
    const deleted = await ask(server, 'CODEX-bob', 'DELETE', 'files/a.ts')
    expect(deleted).toMatchObject({ status: 409, body: { outcome: 'conflict', held: 1 } })
    const [conflict] = await open(bob)
    if (conflict === undefined) throw new Error('it is held')
    const choose = (id: string) =>
      bob.request('resolve', { id: conflict.id, writeId: writeId.parse(id), choice: { kind: 'theirs' } })
    await expect(choose('w1')).rejects.toMatchObject({ code: 'E_LOCK_HELD' })
    expect(await textAt(server, 'a.ts')).toBe('text\n')
    await ada.request('unlock', { ids: [lock.id] })
    await choose('w2')
    expect(await isThere(bob, 'a.ts')).toBe(false)
  })

  it('[LOCK-19] another renames nothing from there, nor to there; what it says tells who keeps it, and everyone hears', async () => {
    const { server, ada } = await stage('a.ts', 'text\n')
    await putText(server, 'b.ts', 'b\n')
    const from = await ask(server, 'CODEX-bob', 'PATCH', 'files/a.ts', { to: 'c.ts' })
    expect(from).toMatchObject({ status: 409, body: { code: 'E_LOCK_HELD', data: { holder: 'CLAUDE-ada' } } })
    expect((await ask(server, 'CLAUDE-ada', 'DELETE', 'files/a.ts')).status).toBe(200)
    const to = await ask(server, 'CODEX-bob', 'PATCH', 'files/b.ts', { to: 'a.ts' })
    expect(to).toMatchObject({ status: 409, body: { code: 'E_LOCK_HELD' } })
    expect(await textAt(server, 'b.ts')).toBe('b\n')
    const told = await until(async () => {
      const events = await named(ada)
      return events.length === 2 ? events : undefined
    })
    expect(told).toMatchObject([
      { agent_id: 'CODEX-bob', data: { file: 'a.ts', to: 'c.ts', locked: 'a.ts', holder: 'CLAUDE-ada' } },
      { agent_id: 'CODEX-bob', data: { file: 'b.ts', to: 'a.ts', locked: 'a.ts', holder: 'CLAUDE-ada' } },
    ])
    expect((await ask(server, 'CLAUDE-ada', 'PATCH', 'files/b.ts', { to: 'a.ts' })).status).toBe(200)
  })

  it('[LOCK-13, LOCK-19] a live peer makes no file there: what it types is on record once, and none comes to be', async () => {
    for (const before of [undefined, 'was\n']) {
      const { server, ada } = await stage('new.ts', before)
      if (before !== undefined) expect((await ask(server, 'CLAUDE-ada', 'DELETE', 'files/new.ts')).status).toBe(200)
      const bob = openPeer(server.url, 'new.ts', { agent: 'CODEX-bob' })
      await bob.synced()
      for (const letter of 'abc') {
        bob.text.insert(0, letter)
        await until(() => bob.text.toJSON() === '', 'the undoing')
      }
      const held = await until(async () => {
        const [conflict, ...others] = await open(ada)
        return JSON.stringify(conflict?.theirs).includes('c') ? [conflict, ...others] : undefined
      })
      expect(held).toMatchObject([{ reason: 'create', theirs: { text: 'abc' }, authors: { theirs: 'CODEX-bob' } }])
      expect(await isThere(ada, 'new.ts')).toBe(false)
      const eve = openPeer(server.url, 'new.ts', { agent: 'CLAUDE-ada' })
      await eve.synced()
      eve.text.insert(0, 'ada\n')
      await until(() => bob.text.toJSON() === 'ada\n', 'the holder’s text')
      expect(await textAt(server, 'new.ts')).toBe('ada\n')
      bob.close()
      eve.close()
      await server.stop()
    }
  })

  it('[LOCK-15] what is made, deleted or renamed in the served folder is its holder’s work', async () => {
    const { server, ada } = await stage('a.ts')
    const { folder } = server
    const path = workspacePath.parse('a.ts')
    const content = { kind: 'text' as const, text: 'x\n', bom: false, eol: 'lf' as const }
    const made = await folder.request('write', {
      ...{ writeId: writeId.parse('d1'), path, base: null, content, executable: false },
    })
    if (!('head' in made)) throw new Error('it has no base')
    expect(made).toMatchObject({ outcome: 'accepted', head: { author: 'CLAUDE-ada' } })
    const { id, rev, hash } = made.head
    const to = workspacePath.parse('b.ts')
    const renamed = await folder.request('rename', { writeId: writeId.parse('d2'), id, path, to })
    expect(renamed).toMatchObject({ outcome: 'accepted', head: { author: 'CLAUDE-ada', path: 'b.ts' } })
    expect((await ada.request('locks', {})).locks).toMatchObject([{ path: 'b.ts' }])
    const base = { id, rev: rev + 1, hash: contentHash.parse(hash) }
    const gone = await folder.request('delete', { writeId: writeId.parse('d3'), path: to, base })
    expect(gone).toMatchObject({ outcome: 'accepted', head: { author: 'CLAUDE-ada', deleted: true } })
  })

  it('[LOCK-19, HISTORY-8] the path has a history that can be looked at, and nothing to take back', async () => {
    const { server, bob } = await stage('new.ts')
    await putText(server, 'new.ts', 'bob\n', { agent: 'CODEX-bob' })
    const { entries } = await bob.request('history', { path: workspacePath.parse('new.ts') })
    expect(entries).toMatchObject([{ rev: 1, change: 'deleted', author: 'CODEX-bob' }])
    const undone = await ask(server, 'CODEX-bob', 'POST', 'revert', {
      target: { kind: 'last', author: 'CODEX-bob', path: 'new.ts' },
    })
    expect(undone.status).toBeLessThan(500)
    expect(await isThere(bob, 'new.ts')).toBe(false)
  })
})
