import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileHead } from '../../../protocol/files.js'
import { startServer, type TestServer } from '../../support/server.js'
import { ask, type Answer, type Asking } from './http.js'

const LIMIT = 64 * 1024

let server: TestServer
beforeEach(async () => {
  server = await startServer({ config: { limits: { fileBytes: LIMIT } } })
})
afterEach(() => server.stop())

const file = (path: string, options: Asking = {}): Promise<Answer> => ask(server, `/api/files/${path}`, options)
const put = (path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
  file(path, { method: 'PUT', body, headers })
const etagOf = ({ headers }: Answer): string => headers.etag ?? ''

describe('files over HTTP', () => {
  test('a file is made, read with its version, and changed upon it', async () => {
    const made = await put('src/a.ts', 'one\n', { 'x-ensemble-agent': 'CLAUDE-frontend' })
    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({ outcome: 'accepted', head: { rev: 1, author: 'CLAUDE-frontend' } })
    expect(made.json).not.toHaveProperty('edits')
    const read = await file('src/a.ts')
    expect(read.text).toBe('one\n')
    expect(etagOf(read)).toBe(etagOf(made))
    expect(read.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(read.headers['x-ensemble-revision']).toBe('1')
    expect((await file('src/a.ts', { headers: { 'if-none-match': etagOf(read) } })).status).toBe(304)
    const changed = await put('src/a.ts', 'two\n', { 'if-match': etagOf(read) })
    expect(changed.status).toBe(200)
    expect(etagOf(changed)).not.toBe(etagOf(read))
    expect(changed.json).toMatchObject({ head: { author: 'PEER', rev: 2 } })
    const head = await file('src/a.ts', { method: 'HEAD' })
    expect([head.status, head.text, etagOf(head)]).toEqual([200, '', etagOf(changed)])
  })

  test('[WRITE-1] If-Match names the base: what others changed elsewhere is merged', async () => {
    const base = await put('a.ts', 'one\ntwo\nthree\n')
    await put('a.ts', 'ONE\ntwo\nthree\n', { 'if-match': etagOf(base) })
    const merged = await put('a.ts', 'one\ntwo\nTHREE\n', { 'if-match': etagOf(base) })
    expect(merged.json).toMatchObject({ outcome: 'merged', applied: 1, held: 0 })
    expect((await file('a.ts')).text).toBe('ONE\ntwo\nTHREE\n')
  })

  test('[CONFLICT-2] what overlaps is 409 with the record’s id, the new version and both counts', async () => {
    const base = await put('a.ts', 'one\n')
    await put('a.ts', 'two\n', { 'if-match': etagOf(base) })
    const conflict = await put('a.ts', 'three\n', { 'if-match': etagOf(base) })
    expect(conflict.status).toBe(409)
    expect(conflict.headers['content-type']).toContain('application/problem+json')
    expect(conflict.json).toMatchObject({
      code: 'E_CONFLICT',
      title: 'E_CONFLICT',
      status: 409,
      outcome: 'conflict',
      applied: 0,
      held: 1,
      conflicts: [expect.any(String)],
    })
    expect(etagOf(conflict)).toBe(etagOf(await file('a.ts')))
    expect((await ask(server, '/api/conflicts')).json).toMatchObject({
      conflicts: [{ ours: 'two\n', theirs: 'three\n', path: 'a.ts' }],
    })
  })

  test('[CONFLICT-2] each reason of a conflict has its own words', async () => {
    const problem = async (answer: Promise<Answer>) => (await answer).json
    const text = await put('a.ts', 'one\n')
    const old = { 'if-match': etagOf(text) }
    await put('a.ts', 'two\n', old)
    const overlap = 'changes were applied, 1 held: someone changed the same lines.'
    expect(await problem(put('a.ts', 'three\n', old))).toMatchObject({ detail: `0 of 1 ${overlap}` })
    const kept = problem(file('a.ts', { method: 'DELETE', headers: old }))
    expect(await kept).toMatchObject({ detail: 'Nothing was deleted: someone has changed the file.' })
    const gone = { 'if-match': etagOf(await put('b.ts', 'one\n')) }
    await file('b.ts', { method: 'DELETE' })
    const back = 'It was written, and the file is back: someone had deleted it.'
    expect(await problem(put('b.ts', 'two\n', gone))).toMatchObject({ detail: back })
    const bytes = { 'if-match': etagOf(await put('c.bin', '\0one')) }
    await put('c.bin', '\0two', bytes)
    const over = 'It was written over what someone else had written, which is held: bytes do not merge.'
    expect(await problem(put('c.bin', '\0three', bytes))).toMatchObject({ detail: over })
  })

  test('[WRITE-2] a version that nobody here knows is 412, and nothing is written', async () => {
    await put('a.ts', 'one\n')
    const { status, json } = await put('a.ts', 'two\n', { 'if-match': `"7-${'0'.repeat(64)}"` })
    expect(status).toBe(412)
    expect(json).toMatchObject({ code: 'E_UNKNOWN_BASE' })
    expect((await file('a.ts')).text).toBe('one\n')
    expect((await put('b.ts', 'b\n', { 'if-match': '*' })).status).toBe(404)
    expect((await put('a.ts', 'x\n', { 'if-match': 'yesterday' })).status).toBe(400)
  })

  test('If-None-Match: * creates only; where there is a file it is 412, and no conflict is raised', async () => {
    expect((await put('a.ts', 'one\n', { 'if-none-match': '*' })).status).toBe(201)
    expect((await put('a.ts', 'two\n', { 'if-none-match': '*' })).status).toBe(412)
    expect((await file('a.ts')).text).toBe('one\n')
    expect((await ask(server, '/api/conflicts')).json).toEqual({ conflicts: [] })
  })

  test('[WRITE-9] DELETE takes a file away; of one that changed since the change stays: 409', async () => {
    const base = await put('a.ts', 'one\n')
    const changed = await put('a.ts', 'two\n', { 'if-match': etagOf(base) })
    const stale = await file('a.ts', { method: 'DELETE', headers: { 'if-match': etagOf(base) } })
    expect(stale.status).toBe(409)
    expect((await file('a.ts')).text).toBe('two\n')
    const gone = await file('a.ts', { method: 'DELETE', headers: { 'if-match': etagOf(changed) } })
    expect([gone.status, gone.json]).toMatchObject([200, { head: { deleted: true } }])
    expect((await file('a.ts')).status).toBe(404)
    expect((await file('a.ts', { method: 'DELETE' })).status).toBe(404)
    expect((await put('a.ts', 'back\n')).status).toBe(201)
  })

  test('[WRITE-4] an Idempotency-Key is a write id: sent again, the first answer', async () => {
    const headers = { 'idempotency-key': 'key-1' }
    const first = await put('a.ts', 'one\n', headers)
    await put('a.ts', 'two\n')
    const again = await put('a.ts', 'one\n', headers)
    expect(again.json).toEqual(first.json)
    expect((await file('a.ts')).text).toBe('two\n')
    expect((await put('a.ts', 'x', { 'idempotency-key': 'no spaces' })).status).toBe(400)
  })

  test.each([
    ['nothing', Buffer.alloc(0), 'text'],
    ['bytes', Buffer.from([0, 1, 2, 255]), 'binary'],
    ['bytes that are no UTF-8', Buffer.from([0x63, 0xe9, 0x0a]), 'binary'],
    ['a byte-order mark and CRLF', Buffer.from('\uFEFFone\r\ntwo\r\n'), 'text'],
    ['mixed line ends', Buffer.from('one\r\ntwo\nthree'), 'text'],
    ['what looks like gzip', Buffer.from([0x1f, 0x8b, 0x08, 0, 0]), 'binary'],
  ])('[BRIDGE-13] %s comes back as it was', async (_, bytes, kind) => {
    const made = await put('a.dat', bytes)
    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({ head: { kind, size: bytes.length } })
    const read = await file('a.dat')
    expect(Buffer.compare(read.bytes, bytes)).toBe(0)
    expect(read.headers['content-type']).toBe(
      kind === 'text' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    )
  })

  test('[SYNC-7] a body over the limit is 413, also one that says nothing of its length', async () => {
    const { status, json } = await put('a.txt', 'x'.repeat(LIMIT + 1))
    expect([status, json]).toMatchObject([413, { code: 'E_TOO_LARGE' }])
    expect(json).toMatchObject({ detail: `The body is larger than ${LIMIT} bytes, the limit here.` })
    const chunked = await put('a.txt', 'x'.repeat(LIMIT + 1), { 'transfer-encoding': 'chunked' })
    expect(chunked.status).toBe(413)
    expect((await put('a.txt', 'x'.repeat(LIMIT))).status).toBe(201)
  })

  test('a body that is not in the coding that it names is 400', async () => {
    const { status, json, text } = await put('a.txt', 'not gzip', { 'content-encoding': 'gzip' })
    expect([status, json]).toMatchObject([400, { code: 'E_BAD_REQUEST' }])
    expect(text).not.toMatch(/\bat .*\.(ts|js):\d/)
  })

  test.each([
    ['what?.ts', 'what%3F.ts'],
    ['c#.cs', 'c%23.cs'],
    ['50%.txt', '50%25.txt'],
    ['a b/ñ🙂.md', `a%20b/${encodeURIComponent('ñ🙂.md')}`],
    ['~notes', '~notes'],
    ['~notes', '%7Enotes'],
  ])('[DOC-1] the file %j is at /api/files/%s', async (path, encoded) => {
    const made = await put(encoded, 'here\n')
    expect(made.status).toBe(201)
    expect(fileHead.parse((made.json as { head: unknown }).head).path).toBe(path)
    expect((await file(`${encoded}?query=is+ignored`)).text).toBe('here\n')
  })

  test.each([
    ...['', '/', '..', '../a', 'a/../../b', '%2e%2e/a', 'a/%2E%2e/b', '.%2e/a', 'a%2f..%2fb', '..%5ca', 'a%5cb'],
    ...['a%00b', 'a%0ab', '%E0%A4%A', 'a//b', '/a', 'a/', '.', './a', '.git/config', '.GIT/hooks/pre-commit'],
    ...['.ensemble/token', 'x/.ensemble/token', 'node_modules/a.js', '.ensemble-tmp-1', 'x'.repeat(300)],
    ...['%ED%A0%80', 'a%C0%AEb'],
  ])('[PATH-1] [PATH-3] /api/files/%s is no file, whatever one does with it', async (path) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, json } = await file(path, { method, ...(method === 'PUT' ? { body: 'x' } : {}) })
      expect(status).toBe(400)
      expect(json).toMatchObject({ code: 'E_PATH', retry: false })
    }
    expect(server.status().files).toBe(0)
  })

  test('an author that is no agent is refused, and nobody may call itself the disk', async () => {
    for (const name of ['nobody', 'DISK', 'git']) {
      expect((await put('a.ts', 'x', { 'x-ensemble-agent': name })).status).toBe(400)
    }
    expect((await file('a.ts')).status).toBe(404)
  })
})
