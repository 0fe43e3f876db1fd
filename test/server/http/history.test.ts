import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { workspacePath } from '../../../protocol/paths.js'
import { startServer, type TestServer } from '../../support/server.js'
import { ask, type Answer } from './http.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

const get = (path: string): Promise<Answer> => ask(server, `/api/${path}`)
async function put(path: string, body: string | Uint8Array, agent = 'CLAUDE-frontend'): Promise<void> {
  const { status } = await ask(server, `/api/files/${path}`, {
    ...{ method: 'PUT', body, headers: { 'x-ensemble-agent': agent } },
  })
  expect(status).toBeLessThan(300)
}

describe('history over HTTP', () => {
  test('[HISTORY-1] [HISTORY-3] revisions in pages, versions as JSON, and the author of each line', async () => {
    await put('src/a%20b.ts', 'one\ntwo\n')
    await put('src/a%20b.ts', 'one\nTWO\n', 'CODEX-api')
    const log = await get('history/src/a%20b.ts?limit=1')
    expect(log.headers['content-type']).toContain('application/json')
    expect(log.json).toMatchObject({ head: { rev: 2 }, entries: [{ rev: 2, author: 'CODEX-api' }], next: 2 })
    expect((await get('history/src/a%20b.ts?before=2')).json).toMatchObject({ entries: [{ rev: 1 }], next: null })
    expect((await get('history/src/a%20b.ts?author=CLAUDE-frontend')).json).toMatchObject({ entries: [{ rev: 1 }] })
    expect((await get('version/src/a%20b.ts?rev=1')).json).toMatchObject({
      entry: { rev: 1, edits: [{ added: 'one\ntwo\n' }] },
      content: { text: 'one\ntwo\n' },
    })
    expect((await get('blame/src/a%20b.ts?from=2')).json).toMatchObject({
      lines: [{ line: 2, text: 'TWO', author: 'CODEX-api' }],
    })
  })

  test.each([
    ['text', Buffer.from('\uFEFFone\r\ntwo\r\n')],
    ['bytes', Buffer.from([0, 255, 1])],
  ])(
    '[HISTORY-2] the %s of an earlier revision comes back byte for byte, with an ETag to write upon',
    async (_, bytes) => {
      await put('a.dat', bytes)
      await put('a.dat', 'new\n')
      const old = await get('files/a.dat?rev=1')
      expect(Buffer.compare(old.bytes, bytes)).toBe(0)
      expect(old.headers['x-ensemble-revision']).toBe('1')
      expect(old.headers.etag).toMatch(/^"1-[0-9a-f]{64}"$/)
      const headers = { 'if-none-match': old.headers.etag ?? '' }
      expect((await ask(server, '/api/files/a.dat?rev=1', { headers })).status).toBe(304)
    },
  )

  test('a deleted file still has its history, and says where its text is', async () => {
    await put('a.ts', 'one\n')
    await ask(server, '/api/files/a.ts', { method: 'DELETE' })
    expect((await get('files/a.ts')).status).toBe(404)
    expect((await get('files/a.ts?rev=1')).text).toBe('one\n')
    expect((await get('history/a.ts')).json).toMatchObject({ entries: [{ change: 'deleted' }, { change: 'created' }] })
    const gone = await get('files/a.ts?rev=2')
    expect([gone.status, gone.json]).toMatchObject([
      404,
      { code: 'E_NOT_FOUND', hint: expect.stringContaining('a.ts@1') as unknown },
    ])
  })

  test.each([
    ['history/none.ts', 404, 'E_NOT_FOUND'],
    ['history/a.ts?limit=0', 400, 'E_BAD_REQUEST'],
    ['history/a.ts?limit=many', 400, 'E_BAD_REQUEST'],
    ['history/a.ts?limit=1&limit=2', 400, 'E_BAD_REQUEST'],
    ['history/a.ts?author=nobody', 400, 'E_BAD_REQUEST'],
    ['history/../a.ts', 400, 'E_PATH'],
    ['blame/none.ts', 404, 'E_NOT_FOUND'],
    ['blame/a.ts?from=0', 400, 'E_BAD_REQUEST'],
    ['blame/a.ts?rev=7', 404, 'E_NOT_FOUND'],
    ['version/a.ts', 400, 'E_BAD_REQUEST'],
    ['version/a.ts?rev=0', 400, 'E_BAD_REQUEST'],
    ['files/a.ts?rev=7', 404, 'E_NOT_FOUND'],
    ['files/a.ts?rev=-1', 400, 'E_BAD_REQUEST'],
  ])('GET /api/%s is %d %s, as problem+json', async (path, status, code) => {
    await put('a.ts', 'one\n')
    const answer = await get(path)
    expect([answer.status, answer.json]).toMatchObject([status, { code }])
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })
})

test('[MSG-3] the agent socket answers the same questions', async () => {
  await put('a.ts', 'one\n')
  const connection = await server.connectAs('CLAUDE-frontend')
  const path = workspacePath.parse('a.ts')
  expect(await connection.request('history', { path })).toMatchObject({ entries: [{ rev: 1 }], next: null })
  expect(await connection.request('version', { path, rev: 1 })).toMatchObject({ content: { text: 'one\n' } })
  expect(await connection.request('blame', { path })).toMatchObject({ lines: [{ author: 'CLAUDE-frontend' }] })
})

describe('reverting over HTTP', () => {
  const post = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    ask(server, '/api/revert', {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', ...headers },
    })

  test('[HISTORY-6] it is a revision of whoever asks; the same Idempotency-Key again gives the same answer', async () => {
    await put('a.ts', 'one\n')
    await put('a.ts', 'one\ntwo\n', 'CODEX-api')
    const target = { kind: 'author', author: 'CODEX-api', path: null, since: null }
    const dry = await post({ target, dryRun: true })
    expect(dry.json).toMatchObject({ dryRun: true, files: [{ path: 'a.ts', outcome: 'reverted', rev: 2 }] })
    const headers = { 'idempotency-key': 'k1', 'x-ensemble-agent': 'CLAUDE-frontend' }
    const done = await post({ target }, headers)
    expect(done.headers['content-type']).toContain('application/json')
    expect(done.json).toMatchObject({ dryRun: false, files: [{ path: 'a.ts', rev: 3 }] })
    expect((await get('files/a.ts')).text).toBe('one\n')
    expect((await get('history/a.ts?limit=1')).json).toMatchObject({ entries: [{ author: 'CLAUDE-frontend' }] })
    expect((await post({ target }, headers)).json).toMatchObject({
      files: [{ path: 'a.ts', outcome: 'reverted', rev: 3 }],
    })
  })

  test.each([
    [{}, 400, 'E_BAD_REQUEST'],
    [{ target: { kind: 'author', author: 'nobody', path: null, since: null } }, 400, 'E_BAD_REQUEST'],
    [{ target: { kind: 'author', author: 'CODEX-api', path: '../a', since: null } }, 400, 'E_BAD_REQUEST'],
    [{ target: { kind: 'author', author: 'CODEX-api', path: null, since: null } }, 404, 'E_NOT_FOUND'],
    [{ target: { kind: 'revision', path: 'a.ts', rev: 5 } }, 404, 'E_NOT_FOUND'],
  ])('%j is %d %s', async (body, status, code) => {
    await put('a.ts', 'one\n')
    const answer = await post(body)
    expect([answer.status, answer.json]).toMatchObject([status, { code }])
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })
})
