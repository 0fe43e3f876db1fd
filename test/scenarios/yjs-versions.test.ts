/**
 * Editors bring their own Yjs: the unmodified y-websocket provider upon older and newer ones, each in a process of its own. What
 * they do is chance by a seed; when all are connected they have one document, which is the head of its file.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { randomFrom, type Random } from '../support/random.js'
import { startServer, TOKEN, type TestServer } from '../support/server.js'
import { until } from '../support/wait.js'
import { put, textOf } from '../server/sync/seed.js'

const SCRIPT = fileURLToPath(new URL('../support/provider-process.js', import.meta.url))
const MOVES = 120

interface Version {
  readonly yjs: string
  readonly protocols: string
}

const NEWEST: Version = { yjs: 'yjs', protocols: 'y-protocols' }
const versions: readonly Version[] = [
  { yjs: 'yjs-13.5', protocols: 'y-protocols-1.0.5' },
  { yjs: 'yjs-13.6.0', protocols: 'y-protocols-1.0.5' },
  NEWEST,
]

const looked = z.object({
  yjs: z.string(),
  isSynced: z.boolean(),
  shown: z.object({ text: z.array(z.unknown()), map: z.unknown(), list: z.unknown() }),
  seen: z.array(z.string()),
  pending: z.array(z.unknown()),
})
type Look = z.infer<typeof looked>

class Provider {
  readonly #process: ChildProcess
  /** Warnings of its packages, if any: that one of them is there twice, for instance. */
  said = ''

  constructor(url: string, document: string, { yjs, protocols }: Version) {
    const address = url.replace(/^http/, 'ws')
    this.#process = fork(SCRIPT, [address, document, TOKEN, yjs, protocols], { silent: true, execArgv: [] })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (data: Buffer) => (this.said += data.toString()))
    }
  }

  async started(): Promise<this> {
    await this.#answer()
    return this
  }

  async does(move: string, { at = 0, text = '' }: { at?: number; text?: string } = {}): Promise<Look> {
    const answer = this.#answer()
    this.#process.send({ do: move, at, text })
    return await answer
  }

  async #answer(): Promise<Look> {
    const [message] = (await once(this.#process, 'message')) as [unknown]
    return looked.parse(message)
  }

  end(): void {
    this.#process.kill()
  }
}

let server: TestServer
let peers: Provider[] = []
afterEach(async () => {
  for (const peer of peers) peer.end()
  await server.stop()
})

const texts = ['x', 'yy\n', 'ä', '€ ', 'word ']
const ofFiles = ['type', 'type', 'type', 'erase'] as const
const ofFree = ['type', 'erase', 'format', 'set', 'unset', 'push', 'drop'] as const

async function allSynced(): Promise<Look[]> {
  return await until(async () => {
    const looks = await Promise.all(peers.map((peer) => peer.does('look')))
    return looks.every(({ isSynced }) => isSynced) && looks
  }, 'all to be synced')
}

/** @param isBroken lines break, and come back */
async function scramble(random: Random, moves: readonly string[], isBroken: boolean): Promise<void> {
  for (let n = 0; n < MOVES; n++) {
    const peer = random.one(peers)
    const move = isBroken && random.below(12) === 0 ? random.one(['connect', 'disconnect']) : random.one(moves)
    await peer.does(move, { at: random.next(), text: random.one(texts) })
  }
}

describe.each(versions)('y-websocket upon $yjs and $protocols', (version) => {
  test.each([
    ['a.ts', ofFiles],
    ['~notes', ofFree],
  ])('[SYNC-1, DOC-5] in %s, beside the newest one: all agree, and see each other', async (document, moves) => {
    server = await startServer()
    const agent = await server.connect()
    await put(agent, 'a.ts', 'one\ntwo\n')
    const open = (one: Version): Promise<Provider> => new Provider(server.url, document, one).started()
    peers = await Promise.all([version, version, NEWEST].map(open))
    await allSynced() // what is typed into a file before that is another history
    const random = randomFrom(13)
    await scramble(random, moves, true)
    for (const peer of peers) await peer.does('connect')
    for (const [n, peer] of peers.entries()) await peer.does('appear', { text: `peer ${n}` })
    peers.push(await open(version))
    await allSynced()
    await scramble(random, moves, false)
    const agreed = await until(async () => {
      const looks = await Promise.all(peers.map((peer) => peer.does('look')))
      const [first, ...others] = looks
      const isAgreed = others.every(({ shown }) => isDeepStrictEqual(shown, first?.shown))
      return looks.every(({ isSynced }) => isSynced) && isAgreed && looks
    }, 'all to agree')
    expect(agreed.map(({ yjs }) => yjs.split('/').at(-3))).toEqual(
      [version, version, NEWEST, version].map(({ yjs }) => yjs),
    )
    expect(agreed.map(({ pending }) => pending)).toEqual(peers.map(() => [null, null]))
    await until(async () => {
      const looks = await Promise.all(peers.map((peer) => peer.does('look')))
      return looks.every(({ seen }) => isDeepStrictEqual(seen, ['peer 0', 'peer 1', 'peer 2']))
    }, 'all to see each other')
    if (document === 'a.ts') {
      const text = await textOf(agent, 'a.ts')
      expect(agreed[0]?.shown.text).toEqual(text === '' ? [] : [{ insert: text }])
    }
    expect(peers.map(({ said }) => said)).toEqual(peers.map(() => ''))
  })
})
