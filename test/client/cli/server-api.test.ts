import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { answers, getConflicts, getStatus } from '../../../client/cli/server-api.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'

let server: TestServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
  vi.unstubAllGlobals()
})

async function other(type: string, body: string, status = 200): Promise<{ url: string; close: () => void }> {
  const http = createServer((_, response) => {
    response.writeHead(status, { 'Content-Type': type }).end(body)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close: () => http.close() }
}

describe('a question to a server', () => {
  it('is answered', async () => {
    server = await startServer()
    await server.connectAs('CLAUDE-frontend')
    const status = await getStatus({ url: server.url, token: TOKEN })
    expect(status.agents.map(({ agentId }) => agentId)).toEqual(['CLAUDE-frontend'])
    expect(await getConflicts({ url: server.url, token: TOKEN }, 'open')).toEqual([])
    expect(await answers(server.url)).toBe(true)
  })

  it('with a wrong token is refused, with what a command line can do about it', async () => {
    server = await startServer()
    await expect(getStatus({ url: server.url, token: 'wrong' })).rejects.toMatchObject({
      code: 'E_UNAUTHORIZED',
      message: 'The token is not the one of this workspace.',
      hint: expect.stringMatching(/^Check --token-file and ENSEMBLE_TOKEN/) as unknown,
    })
  })

  it('that nobody hears fails with a way on', async () => {
    const { url, close } = await other('text/plain', '')
    close()
    expect(await answers(url)).toBe(false)
    await expect(getStatus({ url, token: TOKEN })).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
  })

  it('may wait for its answer longer than fetch does, which gives up after five minutes', async () => {
    server = await startServer()
    vi.stubGlobal('fetch', () => Promise.reject(new Error('no answer in five minutes')))
    expect(await getStatus({ url: server.url, token: TOKEN })).toMatchObject({ state: 'ready' })
  })

  it('whose answer breaks off is as good as not answered', async () => {
    const http = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' }).write('{"state":')
      setImmediate(() => response.destroy())
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    await expect(getStatus({ url, token: TOKEN })).rejects.toMatchObject({ code: 'E_UNREACHABLE', data: { url } })
    await expect(getStatus({ url, token: TOKEN })).rejects.toThrow(/No server answers/)
    http.close()
  })

  it.each([
    ['a page', 'text/html', '<html>', 200],
    ['a page with an error', 'text/html', '<html>', 404],
    ['other JSON that says no', 'application/json', '{"error":"no"}', 401],
  ])('to another program, which answers with %s, says so', async (_, type, body, status) => {
    const { url, close } = await other(type, body, status)
    expect(await answers(url)).toBe(false)
    await expect(getStatus({ url, token: TOKEN })).rejects.toThrow(/is not an Ensemble server/)
    close()
  })

  it('to a server of another version says so', async () => {
    const { url, close } = await other('application/json', '{"version":"9"}')
    await expect(getStatus({ url, token: TOKEN })).rejects.toMatchObject({ code: 'E_PROTOCOL_VERSION' })
    close()
  })
})
