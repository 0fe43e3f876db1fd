import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { status as statusSchema } from '../../../protocol/status.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { openRawAgent, openRawPeer } from '../sync/raw.js'
import { put } from '../sync/seed.js'
import { ask } from './http.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

const API = ['/api/status', '/api/tree', '/api/conflicts', '/api/files/a.ts', '/api/nothing', '/metrics', '/API/status']

describe('who may ask', () => {
  test.each(API)('[AUTH-1] %s asks for the token, in the header alone', async (path) => {
    for (const token of [null, 'wrong', `${TOKEN}x`]) {
      const { status, json, headers } = await ask(server, path, { token })
      expect(status).toBe(401)
      expect(json).toMatchObject({ code: 'E_UNAUTHORIZED', retry: false })
      expect(headers['content-type']).toContain('application/problem+json')
    }
    expect((await ask(server, `${path}?token=${TOKEN}`, { token: null })).status).toBe(401)
    expect((await ask(server, path)).status).not.toBe(401)
  })

  test('[AUTH-1] /healthz needs none', async () => {
    const { status, json, headers } = await ask(server, '/healthz', { token: null })
    expect(status).toBe(200)
    expect(json).toEqual({ state: 'ready' })
    expect(headers['x-ensemble']).toBe('test')
  })

  test.each(['evil.example', 'evil.example:80', 'localhost.evil.example', '127.0.0.1@evil.example'])(
    '[AUTH-2] Host %j is refused before the token is looked at, on HTTP and on upgrade',
    async (host) => {
      for (const path of ['/healthz', '/api/status', '/', '/api/files/a.ts']) {
        const { status, text } = await ask(server, path, { headers: { host }, token: null })
        expect(status).toBe(403)
        expect(text).toContain('E_FORBIDDEN_HOST')
      }
      const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
      const headers = { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', host }
      expect((await ask(server, '/agent', { headers, token: null })).status).toBe(403)
    },
  )

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:9999'])('[AUTH-2] Host %j is served', async (host) => {
    expect((await ask(server, '/api/status', { headers: { host } })).status).toBe(200)
  })

  test('[AUTH-7] an agent has a type that the configuration names; a person with a name needs none', async () => {
    await server.stop()
    server = await startServer({ config: { agentTypes: ['CURSOR'] } })
    const asAgent = (agent: string) => ask(server, '/api/locks', { headers: { 'x-ensemble-agent': agent } })
    for (const agent of ['NOSUCH-a', 'CLAUDE-a']) {
      expect(await asAgent(agent)).toMatchObject({
        ...{ status: 400, json: { code: 'E_AGENT_TYPE', data: { types: ['CURSOR'] } } },
      })
      const peer = await openRawPeer(server.url, 'a.ts', { query: `agent=${agent}` })
      expect((await peer.close()).code).toBe(4400)
    }
    for (const agent of ['CURSOR-a', 'PERSON-dashboard']) expect((await asAgent(agent)).status).toBe(200)
  })

  test.each(['https://evil.example', 'null', 'file://', 'http://localhost.evil.example'])(
    '[AUTH-3] Origin %j is refused: 403, a socket with 4403',
    async (origin) => {
      const { status, json } = await ask(server, '/api/status', { headers: { origin } })
      expect(status).toBe(403)
      expect(json).toMatchObject({ code: 'E_FORBIDDEN_ORIGIN' })
      const socket = await openRawAgent(server.url, { headers: { origin } })
      expect((await socket.close()).code).toBe(4403)
    },
  )

  test('[AUTH-3] the own origin, and none, are served', async () => {
    for (const origin of [`http://127.0.0.1:${server.port}`, 'http://localhost:3000']) {
      expect((await ask(server, '/api/status', { headers: { origin } })).status).toBe(200)
      const socket = await openRawAgent(server.url, { headers: { origin } })
      await socket.welcomed()
    }
  })

  test('[AUTH-1] a socket without the token, or with a wrong one, is closed with 4401', async () => {
    for (const token of [null, 'wrong', '']) {
      const socket = await openRawAgent(server.url, { token })
      expect((await socket.close()).code).toBe(4401)
      expect(socket.frames).toEqual([])
    }
    const bearer = await openRawAgent(server.url, { token: null, headers: { authorization: `Bearer ${TOKEN}` } })
    await bearer.welcomed()
  })

  test('a socket to another address is closed with 4404', async () => {
    for (const query of ['', 'token=x']) {
      const other = await openRawAgent(`${server.url}/elsewhere`, { query })
      expect((await other.close()).code).toBe(4404)
    }
  })
})

describe('what is answered', () => {
  test('status has the shape that the protocol says', async () => {
    const { json } = await ask(server, '/api/status')
    expect(statusSchema.safeParse(json).error).toBeUndefined()
  })

  test('the tree lists what is there, without what was deleted', async () => {
    const agent = await server.connect()
    await put(agent, 'a.ts', 'one\n')
    const { headers } = await ask(server, '/api/files/a.ts')
    await put(agent, 'b.ts', 'two\n')
    await ask(server, '/api/files/a.ts', { method: 'DELETE', headers: { 'if-match': headers.etag ?? '' } })
    expect((await ask(server, '/api/tree')).json).toMatchObject({ files: [{ path: 'b.ts' }] })
  })

  test('metrics are Prometheus text, and tell about files, sockets and refusals', async () => {
    await put(await server.connectAs('CLAUDE-a'), 'a.ts', 'one\n')
    await ask(server, '/api/nothing')
    const { text, headers } = await ask(server, '/metrics')
    expect(headers['content-type']).toContain('text/plain')
    for (const line of [
      'ensemble_files 1',
      'ensemble_connections{kind="agents"} 1',
      'ensemble_refused_total{code="E_NOT_FOUND"} 1',
    ]) {
      expect(text).toContain(line)
    }
    expect(text).toMatch(/ensemble_commit_seconds_count [1-9]/)
  })

  test.each([
    ['/api/nothing', 'GET'],
    ['/api/files/a.ts', 'POST'],
    ['/assets/none.js', 'GET'],
    ['/nowhere', 'POST'],
  ])('%s (%s) is a problem of status 404, and no page of the framework', async (path, method) => {
    const { status, headers, json, text } = await ask(server, path, { method })
    expect(status).toBe(404)
    expect(headers['content-type']).toContain('application/problem+json')
    expect(json).toMatchObject({ type: 'urn:ensemble:E_NOT_FOUND', title: 'E_NOT_FOUND', status: 404, retry: false })
    expect(text).not.toMatch(/\bat .*\.(ts|js):\d/) // no stack
  })

  test('every answer carries the headers that keep pages of others out, errors too', async () => {
    for (const [path, headers] of [
      ['/healthz', {}],
      ['/api/status', {}],
      ['/api/nothing', {}],
      ['/healthz', { host: 'evil.example' }],
    ] as const) {
      const answer = await ask(server, path, { headers })
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      expect(answer.headers['referrer-policy']).toBe('no-referrer')
      expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin')
      expect(answer.headers['x-powered-by']).toBeUndefined()
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
    expect((await ask(server, '/api/status')).headers['cache-control']).toBe('no-store')
  })

  test('[SYNC-11] while the folder is read the server says so', async () => {
    const starting = await startServer({ ready: false })
    const { status, json } = await ask(starting, '/healthz')
    expect(status).toBe(503)
    expect(json).toEqual({ state: 'starting' })
    await starting.stop()
  })

  test('[SYNC-11] one that stops ends its sockets with 4503, and can be closed twice', async () => {
    const stopping = await startServer()
    const socket = await openRawAgent(stopping.url)
    await socket.welcomed()
    const closing = stopping.close(1_000)
    expect((await socket.close()).code).toBe(4503)
    expect(await closing).toEqual({ rows: 0, documents: [] })
    expect(await stopping.close(1_000)).toEqual({ rows: 0, documents: [] })
  })
})
