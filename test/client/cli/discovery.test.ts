import { describe, expect, it } from 'vitest'
import {
  chooseServer,
  chooseToken,
  parseServerUrl,
  type DiscoveryFacts,
  type KnownServer,
} from '../../../client/cli/discovery.js'

function server(port: number, overrides: Partial<KnownServer> = {}): KnownServer {
  const workspace = `/home/me/project-${port}`
  return { url: `http://127.0.0.1:${port}`, workspace, tokenFile: `${workspace}/.ensemble/token`, ...overrides }
}

function facts(overrides: Partial<DiscoveryFacts> = {}): DiscoveryFacts {
  return { flags: {}, env: {}, above: undefined, silent: undefined, running: [], ...overrides }
}

describe('[CLI-4] which server is spoken to', () => {
  it('the one of --url, before all others', () => {
    const given = facts({
      flags: { url: '127.0.0.1:1' },
      env: { url: 'http://127.0.0.1:2' },
      above: server(3),
      running: [server(4)],
    })
    expect(chooseServer(given)).toEqual({ url: 'http://127.0.0.1:1', workspace: null, tokenFile: null })
  })

  it('then that of ENSEMBLE_URL', () => {
    const given = facts({ env: { url: 'http://127.0.0.1:2' }, above: server(3), running: [server(4)] })
    expect(chooseServer(given).url).toBe('http://127.0.0.1:2')
  })

  it('then that of the nearest .ensemble above, though several run', () => {
    expect(chooseServer(facts({ above: server(3), running: [server(4), server(5)] }))).toEqual(server(3))
  })

  it('then the only one that runs', () => {
    expect(chooseServer(facts({ running: [server(4)] }))).toEqual(server(4))
  })

  it('none of several: they are listed', () => {
    expect(() => chooseServer(facts({ running: [server(4), server(5)] }))).toThrow(
      expect.objectContaining({
        code: 'E_USAGE',
        message: '2 Ensemble servers run on this machine.',
        data: expect.objectContaining({
          details: ['http://127.0.0.1:4  /home/me/project-4', 'http://127.0.0.1:5  /home/me/project-5'],
        }) as unknown,
      }) as Error,
    )
  })

  it('none where none runs', () => {
    expect(() => chooseServer(facts())).toThrow(expect.objectContaining({ code: 'E_UNREACHABLE' }) as Error)
  })

  it('none where only the folder remembers one: that one is named', () => {
    expect(() => chooseServer(facts({ silent: 'http://127.0.0.1:7' }))).toThrow(
      /http:\/\/127\.0\.0\.1:7, does not answer/,
    )
  })

  it('a running one rather than the dead one of the folder', () => {
    expect(chooseServer(facts({ silent: 'http://127.0.0.1:7', running: [server(4)] })).url).toBe('http://127.0.0.1:4')
  })

  it('knows the folder of a server that an agent’s folder names by address alone', () => {
    const above = server(4, { workspace: null })
    expect(chooseServer(facts({ above, running: [server(4), server(5)] })).workspace).toBe('/home/me/project-4')
  })

  it('takes localhost and 127.0.0.1 for the same machine', () => {
    expect(chooseServer(facts({ flags: { url: 'http://localhost:4' }, running: [server(4)] }))).toEqual({
      ...server(4),
      url: 'http://localhost:4',
    })
  })
})

describe('[CLI-4] which token is sent', () => {
  it('that of --token-file, before all others', () => {
    const given = { flags: { tokenFile: '/t' }, env: { token: 'secret' } }
    expect(chooseToken(server(4), given)).toEqual({ kind: 'file', file: '/t' })
  })

  it('then that of ENSEMBLE_TOKEN, then the one beside the server', () => {
    expect(chooseToken(server(4), { flags: {}, env: { token: 'secret' } })).toEqual({ kind: 'text', token: 'secret' })
    expect(chooseToken(server(4), { flags: {}, env: {} })).toEqual({ kind: 'file', file: server(4).tokenFile })
  })

  it('none is known of a server elsewhere: it says how to name one', () => {
    const elsewhere = server(4, { url: 'http://build.local:4', tokenFile: null })
    expect(() => chooseToken(elsewhere, { flags: {}, env: {} })).toThrow(
      expect.objectContaining({
        code: 'E_UNAUTHORIZED',
        hint: expect.stringContaining('--token-file') as unknown,
      }) as Error,
    )
  })
})

describe('an address', () => {
  it.each([
    ['127.0.0.1:9999', 'http://127.0.0.1:9999'],
    ['http://localhost:9999/', 'http://localhost:9999'],
    ['ws://127.0.0.1:9999', 'http://127.0.0.1:9999'],
    ['https://ensemble.example', 'https://ensemble.example'],
    ['http://127.0.0.1:9999/#token=abc', 'http://127.0.0.1:9999'],
    ['[::1]:9999', 'http://[::1]:9999'],
  ])('%s is %s', (text, url) => {
    expect(parseServerUrl(text)).toBe(url)
  })

  it.each(['', 'ftp://host', 'http://', 'a b', '127.0.0.1:99999'])('"%s" is none', (text) => {
    expect(() => parseServerUrl(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }) as Error)
  })
})
