import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { conflict as conflictSchema, shownConflict, type Conflict } from '../../../protocol/conflicts.js'
import { startServer, type TestServer } from '../../support/server.js'
import { ask, type Answer } from './http.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

const LINES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const lines = (replaced: Readonly<Record<number, string>> = {}): string =>
  LINES.map((line, number) => `${replaced[number] ?? line}\n`).join('')

const put = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  ask(server, `/api/files/${path}`, { method: 'PUT', body, headers })
const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  ask(server, `/api/conflicts/${path}`, { method: 'POST', body: JSON.stringify(body), headers })
const textOf = async (path: string): Promise<string> => (await ask(server, `/api/files/${path}`)).text
const asCodex = { 'x-ensemble-agent': 'CODEX-b' }
const asClaude = { 'x-ensemble-agent': 'CLAUDE-a' }

async function list(query = ''): Promise<Conflict[]> {
  const { status, json } = await ask(server, `/api/conflicts${query}`)
  expect(status).toBe(200)
  return conflictSchema.array().parse((json as { conflicts: unknown }).conflicts)
}

/** CODEX has line 2 of the file, CLAUDE's is held. */
async function collide(path = 'src/a.ts'): Promise<Conflict> {
  const made = await put(path, lines())
  const upon = { 'if-match': String(made.headers.etag) }
  await put(path, lines({ 2: 'C of codex' }), { ...upon, ...asCodex })
  const held = await put(path, lines({ 2: 'C of claude', 6: 'G' }), { ...upon, ...asClaude })
  expect(held).toMatchObject({ status: 409, json: { code: 'E_CONFLICT', applied: 1, held: 1 } })
  const [conflict] = await list(`?path=${path}`)
  if (conflict === undefined) throw new Error('a conflict is expected')
  return conflict
}

describe('[CONFLICT-8] conflicts over HTTP', () => {
  test('are listed, shown with what stands there now, and decided by whoever asks', async () => {
    const { id } = await collide()
    await collide('src/b.ts')
    expect((await list()).map(({ path }) => path)).toEqual(['src/a.ts', 'src/b.ts'])
    const shown = shownConflict.parse((await ask(server, `/api/conflicts/${id}`)).json)
    expect(shown.now).toEqual({ text: 'C of codex\n', lines: { from: 3, to: 3 } })
    const decided = await post(`${id}/resolve`, { choice: 'both' }, { 'x-ensemble-agent': 'GEMINI-c' })
    expect(decided).toMatchObject({
      status: 200,
      json: { head: { author: 'GEMINI-c', rev: 4 }, conflict: { state: 'resolved', resolution: { outcome: 'both' } } },
    })
    expect(await textOf('src/a.ts')).toBe(lines({ 2: 'C of codex\nC of claude', 6: 'G' }))
    expect((await list('?state=open')).map(({ path }) => path)).toEqual(['src/b.ts'])
    expect((await list('?state=all')).map(({ state }) => state)).toEqual(['resolved', 'open'])
  })

  test('with a text, once an Idempotency-Key; another one is told that it is closed', async () => {
    const { id } = await collide()
    const choice = { choice: 'text', content: { kind: 'text', text: 'C of both\n', bom: false, eol: 'lf' } }
    const key = { 'idempotency-key': 'once' }
    const first = await post(`${id}/resolve`, choice, key)
    expect((await post(`${id}/resolve`, choice, key)).json).toEqual(first.json)
    expect(await textOf('src/a.ts')).toBe(lines({ 2: 'C of both', 6: 'G' }))
    expect(await post(`${id}/resolve`, { choice: 'ours' })).toMatchObject({
      status: 409,
      json: {
        code: 'E_CONFLICT_CLOSED',
        detail: 'The conflict in src/a.ts is closed: someone without a name decided it (with a text of its own).',
        data: { outcome: 'text', by: 'PEER' },
      },
    })
  })

  test('[CONFLICT-11] are written into the file on request', async () => {
    const { id } = await collide()
    expect(await post(`${id}/materialize`, {})).toMatchObject({ status: 200, json: { head: { rev: 4 } } })
    expect(await textOf('src/a.ts')).toContain('<<<<<<< CODEX-b\nC of codex\n=======\nC of claude\n>>>>>>> CLAUDE-a\n')
  })

  test('that nobody knows, or that are asked for wrongly, are refused', async () => {
    const { id } = await collide()
    expect(await ask(server, '/api/conflicts/nothing')).toMatchObject({ status: 404, json: { code: 'E_NOT_FOUND' } })
    expect(await ask(server, '/api/conflicts/a%20b')).toMatchObject({ status: 404, json: { code: 'E_NOT_FOUND' } })
    expect(await post('nothing/resolve', { choice: 'ours' })).toMatchObject({ status: 404 })
    for (const body of [{ choice: 'mine' }, { choice: 'text' }, {}, null, []]) {
      expect(await post(`${id}/resolve`, body)).toMatchObject({ status: 400, json: { code: 'E_BAD_REQUEST' } })
    }
    const broken = await ask(server, `/api/conflicts/${id}/resolve`, { method: 'POST', body: '{' })
    expect(broken).toMatchObject({ status: 400, json: { code: 'E_BAD_REQUEST' } })
    expect((await ask(server, '/api/conflicts?state=some')).status).toBe(400)
    expect((await ask(server, '/api/conflicts?path=../x')).status).toBe(400)
    expect((await list()).map(({ state }) => state)).toEqual(['open'])
  })
})

describe('[WRITE-11] all or nothing', () => {
  test('a write of which some would be held is refused with what stands against it, and leaves no trace', async () => {
    const made = await put('a.ts', lines())
    const upon = { 'if-match': String(made.headers.etag), ...asClaude }
    await put('a.ts', lines({ 2: 'C of codex' }), asCodex)
    const before = server.status().seq
    const refused = await put('a.ts?atomic=1', lines({ 2: 'C of claude', 6: 'G' }), { ...upon, 'idempotency-key': 'k' })
    expect(refused).toMatchObject({
      status: 409,
      json: {
        code: 'E_CONFLICT',
        data: {
          ...{ path: 'a.ts', rev: 2, author: 'CODEX-b' },
          conflicts: [
            {
              ...{ reason: 'overlap', base: 'c\n', ours: 'C of codex\n', theirs: 'C of claude\n' },
              lines: { from: 3, to: 3 },
            },
          ],
        },
      },
    })
    expect(server.status().seq).toBe(before)
    expect(await textOf('a.ts')).toBe(lines({ 2: 'C of codex' }))
    expect(await list('?state=all')).toEqual([])
    const again = await put('a.ts?atomic=1', lines({ 6: 'G' }), { ...upon, 'idempotency-key': 'k' })
    expect(again).toMatchObject({ status: 200, json: { outcome: 'merged' } })
    expect(await textOf('a.ts')).toBe(lines({ 2: 'C of codex', 6: 'G' }))
    expect((await put('a.ts?atomic=yes', 'x\n')).status).toBe(400)
  })

  test('a file that both made is a conflict, too', async () => {
    const agent = await server.connectAs('CLAUDE-a')
    await put('a.ts', 'one\n', asCodex)
    const content = { kind: 'text', text: 'two\n', bom: false, eol: 'lf' } as const
    const { head } = await agent.request('stat', { path: (await agent.request('tree', {})).files[0]!.path })
    const command = { path: head!.path, base: null, content, executable: false, atomic: true }
    await expect(agent.request('write', { ...command, writeId: 'w' as never })).rejects.toMatchObject({
      code: 'E_CONFLICT',
      data: { conflicts: [{ reason: 'create' }] },
    })
  })
})
