/** Of the nastiest cases those that need everything at once: the real server, live peers, git. The others are by their files. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Bridge } from '../../../client/bridge/bridge.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { openPeer, type Peer } from '../../support/peer.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

const LINES = Array.from({ length: 30 }, (_, line) => `line ${line}\n`).join('')

async function begin(files: Record<string, string>) {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const a = new Folder()
  for (const [path, text] of Object.entries(files)) a.write(path, text)
  const connection = await server.connectAs('CLAUDE-a')
  const bridge = await a.synced(connection)
  const observer = await server.connect()
  const conflicts = async () => (await observer.request('conflicts', { state: 'all' })).conflicts
  return { server, a, bridge, conflicts }
}

async function peerOf({ url }: TestServer, path: string): Promise<Peer> {
  const peer = openPeer(url, path, { agent: 'GEMINI-peer' })
  onTestFinished(() => peer.close())
  await peer.synced()
  return peer
}

function put({ url }: TestServer, path: string, text: string, etag?: string): Promise<Response> {
  const headers = { authorization: `Bearer ${TOKEN}`, ...(etag === undefined ? {} : { 'if-match': etag }) }
  return fetch(`${url}/api/files/${path}`, { method: 'PUT', body: text, headers })
}

test('[NASTY-7] of thirty thousand writes in one turn of the event loop the last of each file is what the server ends with', async () => {
  // Few enough that nobody has to be asked (BRIDGE-19).
  const files = Object.fromEntries(Array.from({ length: 15 }, (_, file) => [`f${file}.txt`, 'round none\n']))
  const server = new FakeServer()
  const a = new Folder()
  for (const [path, text] of Object.entries(files)) a.write(path, text)
  await a.synced(server.connect())
  // Emptied first each would be synced on its way, by the file system: half a minute on a busy disk.
  const inPlace = { flag: 'r+' }
  for (let round = 0; round < 2000; round++) {
    for (const path of Object.keys(files))
      writeFileSync(a.of(path), `round ${String(round).padStart(4, '0')}\n`, inPlace)
  }
  await until(() => Object.keys(files).every((path) => server.text(path) === 'round 1999\n'), 'the last round')
  expect(server.conflicts).toEqual([])
})

test('[NASTY-8, BRIDGE-1] git checkout, stash and rebase during live edits, and back: all rests, and no live edit is lost', async () => {
  const server = new FakeServer()
  const a = new Folder()
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=n', '-c', 'user.email=e@x', '-c', 'init.defaultBranch=main']
    execFileSync('git', [...identity, ...args], { cwd: a.root, stdio: 'pipe' })
  }
  a.write('.gitignore', '.ensemble\n')
  a.write('f.txt', LINES)
  git('init')
  git('add', '.')
  git('commit', '-m', 'first')
  git('checkout', '-b', 'other')
  a.write('f.txt', LINES.replace('line 3\n', 'line 3, on the other branch\n'))
  git('commit', '-am', 'other')
  git('checkout', 'main')
  a.write('f.txt', LINES.replace('line 10\n', 'line 10, on main\n'))
  git('commit', '-am', 'main')
  const bridge = await a.synced(server.connect(), { isServed: true })
  const edits: string[] = []
  const live = (): void => {
    const edit = `line 20, live ${edits.length}`
    edits.push(edit)
    server.edit('f.txt', server.text('f.txt')!.replace(/^line 20.*$/m, edit))
  }
  const settled = (): Promise<unknown> =>
    until(async () => {
      await bridge.idle()
      return a.read('f.txt') === server.text('f.txt')
    }, 'both sides to be the same')
  const steps = [
    ['checkout', 'other'],
    ['rebase', 'main'],
    ['checkout', 'main'],
    ['stash', 'pop'],
  ]
  for (const step of steps) {
    live()
    await settled()
    // Git refuses to touch what is not committed: as anyone would, one puts it away first.
    git('stash', '--include-untracked')
    git(...step)
    live()
    await settled()
  }
  const kept = [...server.files.get('f.txt')!.versions.values()].map((bytes) => Buffer.from(bytes).toString())
  const held = server.conflicts.map(({ theirs }) => theirs ?? '')
  const everything = [...kept, ...held].join('\n')
  expect(edits.filter((edit) => !everything.includes(edit))).toEqual([])
})

type Way = 'disk' | 'request' | 'peer'
const ORDERS: readonly (readonly [Way, Way, Way])[] = [
  ['disk', 'request', 'peer'],
  ['disk', 'peer', 'request'],
  ['request', 'disk', 'peer'],
  ['request', 'peer', 'disk'],
  ['peer', 'disk', 'request'],
  ['peer', 'request', 'disk'],
]

describe.each([
  ['a word', [{ at: 7, removed: 'line 1', added: 'the first line' }]],
  [
    'new lines, at the end too',
    [
      { at: 14, removed: '', added: 'a new line\n' },
      { at: LINES.length, removed: '', added: 'end\n' },
    ],
  ],
  ['lines that go', [{ at: 21, removed: 'line 3\nline 4\n', added: '' }]],
  ['all of it', [{ at: 0, removed: LINES, added: LINES.toUpperCase() }]],
] as const)('[NASTY-9, BRIDGE-11] the same change by disk, request and a peer that was away: %s', (_, edits) => {
  test.each(ORDERS)('%s, %s, %s: it is there once, without a conflict', async (...order) => {
    const { server, a, bridge, conflicts } = await begin({ 'f.txt': LINES })
    const etag = (await fetch(`${server.url}/api/files/f.txt`, { headers: { authorization: `Bearer ${TOKEN}` } }))
      .headers
    const peer = await peerOf(server, 'f.txt')
    peer.provider.disconnect()
    await bridge.close()
    const changed = applyEdits(LINES, edits)
    a.write('f.txt', changed)
    peer.doc.transact(() => {
      for (const { at, removed, added } of edits.toReversed()) {
        peer.text.delete(at, removed.length)
        peer.text.insert(at, added)
      }
    })
    let back: Bridge | undefined
    const ways: Record<Way, () => Promise<unknown>> = {
      disk: async () => (back = await a.synced(await server.connectAs('CLAUDE-b'))),
      request: async () => expect((await put(server, 'f.txt', changed, etag.get('etag') ?? '')).status).toBe(200),
      peer: async () => {
        peer.provider.connect()
        await peer.synced()
        await until(() => peer.text.toJSON() === changed, 'the peer to hold the change once')
      },
    }
    for (const way of order) await ways[way]()
    await back?.idle()
    const observer = await server.connect()
    const { files } = await observer.request('tree', {})
    const { files: contents } = await observer.request('read', { ids: files.map(({ id }) => id) })
    expect(contents.map(({ content }) => content.kind === 'text' && content.text)).toEqual([changed])
    expect([a.read('f.txt'), peer.text.toJSON(), await conflicts()]).toEqual([changed, changed, []])
  })
})

test('[NASTY-10, BRIDGE-1] deleted on disk, edited inside by a live peer, renamed by request: the edit is kept, and all are the same', async () => {
  const { server, a, bridge, conflicts } = await begin({ 'f.txt': LINES, 'x.txt': 'x\n' })
  const peer = await peerOf(server, 'f.txt')
  const renaming = fetch(`${server.url}/api/files/f.txt`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ path: 'g.txt' }),
  })
  rmSync(a.of('f.txt'))
  peer.text.insert(0, 'typed by the peer\n')
  await renaming
  const holders = (): string[] => Object.values(a.texts()).filter((text) => text.includes('typed by the peer\n'))
  await until(async () => {
    await bridge.idle()
    const held = JSON.stringify(await conflicts()).includes('typed by the peer')
    return holders().length === 1 || held
  }, 'the edit to be in one file, or in a conflict')
})

describe('[NASTY-11, BRIDGE-8] two agents that were away, with two hundred edits each', () => {
  test.each([
    ['the first comes back first', [0, 1], false],
    ['the second comes back first', [1, 0], false],
    ['the server’s store is gone meanwhile', [0, 1], true],
  ] as const)('%s: every edit is there, once, without a conflict', async (_, order, isWiped) => {
    const lines = Array.from({ length: 800 }, (_, line) => `line number ${line} of this file`)
    let server = await startServer()
    onTestFinished(() => server.stop())
    const folders = [new Folder(), new Folder()] as const
    folders[0].write('f.txt', lines.join('\n'))
    for (const [index, folder] of folders.entries()) {
      const bridge = await folder.synced(await server.connectAs(`CLAUDE-before${index}`))
      await folder.holds('f.txt', lines.join('\n'))
      await bridge.close()
    }
    const merged = [...lines]
    for (const [index, folder] of folders.entries()) {
      const own = [...lines]
      for (let edit = 0; edit < 200; edit++) {
        const at = edit * 4 + index * 2
        own[at] = merged[at] = `line number ${at} by ${index}`
        folder.write('f.txt', own.join('\n'))
      }
    }
    if (isWiped) {
      await server.stop()
      server = await startServer()
    }
    const bridges = []
    for (const index of order) bridges.push(await folders[index].synced(await server.connectAs(`CLAUDE-after${index}`)))
    for (const folder of folders) await folder.holds('f.txt', merged.join('\n'))
    const observer = await server.connect()
    expect((await observer.request('conflicts', { state: 'all' })).conflicts).toEqual([])
  })
})

test('[NASTY-13, BRIDGE-9] twenty thousand lines are re-indented while another changes a word here and there: both are there', async () => {
  const lines = Array.from({ length: 20_000 }, (_, line) => `call(${line}, value${line})\n`)
  const { server, a, conflicts } = await begin({ 'big.txt': lines.join('') })
  const read = await fetch(`${server.url}/api/files/big.txt`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const etag = read.headers.get('etag') ?? ''
  const changed = lines.map((line, at) => (at % 1000 === 500 ? line.replace('value', 'other') : line))
  a.write('big.txt', lines.map((line) => `    ${line}`).join(''))
  await until(() => server.status().seq > 1)
  const answer = await put(server, 'big.txt', changed.join(''), etag)
  expect(answer.ok).toBe(true)
  await a.holds('big.txt', changed.map((line) => `    ${line}`).join(''))
  expect(await conflicts()).toEqual([])
})
