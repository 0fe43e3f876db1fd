import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { relative } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SYSTEM } from '../../../client/bridge/environment.js'
import type { WatchFolder } from '../../../client/bridge/watcher.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

/** Until a folder is listed anew in which something happened. In milliseconds. */
const RESCAN = 300

/** Two folders of one workspace, in sync. */
async function twoFolders(files: Record<string, string> = { 'one.txt': 'one\n' }) {
  const server = new FakeServer()
  const a = new Folder()
  const b = new Folder()
  for (const [path, text] of Object.entries(files)) a.write(path, text)
  const bridgeA = await a.synced(server.connect())
  const bridgeB = await b.synced(server.connect())
  const settled = async (): Promise<void> => {
    await until(async () => {
      await bridgeA.idle()
      await bridgeB.idle()
      const texts = JSON.stringify(server.texts())
      return JSON.stringify(a.texts()) === texts && JSON.stringify(b.texts()) === texts
    }, 'both folders to be what the server has')
  }
  return { server, a, b, bridgeA, bridgeB, settled }
}

describe('two folders', () => {
  test('[BRIDGE-2] start from one: the other gets every file', async () => {
    const { server, a, b } = await twoFolders({ 'one.txt': 'one\n', 'src/deep/two.ts': 'two\n', 'empty.txt': '' })
    expect(server.texts()).toEqual({ 'one.txt': 'one\n', 'src/deep/two.ts': 'two\n', 'empty.txt': '' })
    expect(b.texts()).toEqual(a.texts())
  })

  test('[BRIDGE-2] follow each other through changes, new files and deletions', async () => {
    const { server, a, b, settled } = await twoFolders()
    a.write('one.txt', 'one\ntwo\n')
    await b.holds('one.txt', 'one\ntwo\n')
    b.write('one.txt', 'zero\none\ntwo\n')
    await a.holds('one.txt', 'zero\none\ntwo\n')
    a.write('new/deep/file.txt', 'new\n')
    await b.holds('new/deep/file.txt', 'new\n')
    rmSync(a.of('new'), { recursive: true })
    await b.holds('new/deep/file.txt', undefined)
    await settled()
    expect(() => statSync(b.of('new'))).toThrow('ENOENT') // the bridge had made it
    expect(server.conflicts).toEqual([])
  })

  test('[BRIDGE-3] what a bridge writes makes no revision', async () => {
    const { server, b, bridgeA, bridgeB } = await twoFolders({ 'a.txt': 'a\n', 'b.txt': 'b\n' })
    server.edit('a.txt', 'a\nmore\n')
    await b.holds('a.txt', 'a\nmore\n')
    await bridgeA.idle()
    await bridgeB.idle()
    const revisions = server.history.length
    const requests = server.requests.length
    await until(() => bridgeA.passes > 1 && bridgeB.passes > 1, 'two audits')
    expect(server.history).toHaveLength(revisions)
    expect(server.requests).toHaveLength(requests)
  })

  test('[BRIDGE-1, BRIDGE-11] edits of one file at once are both kept, once', async () => {
    const { server, a, b, settled } = await twoFolders({ 'f.txt': 'one\ntwo\nthree\nfour\nfive\n' })
    a.write('f.txt', 'ONE\ntwo\nthree\nfour\nfive\n')
    b.write('f.txt', 'one\ntwo\nthree\nfour\nFIVE\n')
    await until(() => server.text('f.txt') === 'ONE\ntwo\nthree\nfour\nFIVE\n', 'the merge')
    await settled()
    expect(server.conflicts).toEqual([])
  })

  test('[BRIDGE-1] edits of one line at once: one is in the file, the other in a conflict', async () => {
    const { server, a, b, settled } = await twoFolders({ 'f.txt': 'one\ntwo\nthree\n' })
    a.write('f.txt', 'one\nby a\nthree\n')
    b.write('f.txt', 'one\nby b\nthree\n')
    await until(() => server.conflicts.length > 0, 'the conflict')
    await settled()
    const all = `${server.text('f.txt') ?? ''}${server.conflicts.map(({ theirs }) => theirs).join('')}`
    expect(all).toContain('by a')
    expect(all).toContain('by b')
    expect(server.conflicts).toHaveLength(1)
  })

  test('a file deleted here and edited there comes back', async () => {
    const { server, a, b, settled } = await twoFolders({ 'f.txt': 'one\n', 'g.txt': 'g\n' })
    let held: (() => void) | undefined
    server.before = (method) => (method === 'delete' ? new Promise((resolve) => (held = resolve)) : undefined)
    rmSync(a.of('f.txt'))
    await until(() => held)
    b.write('f.txt', 'one\nedited\n')
    await until(() => server.text('f.txt') === 'one\nedited\n')
    held?.()
    await a.holds('f.txt', 'one\nedited\n')
    await settled()
    expect(server.conflicts).toEqual([expect.objectContaining({ path: 'f.txt', theirs: null })])
  })

  test('[BRIDGE-5] a file deleted there and edited here is kept', async () => {
    const { server, a, settled } = await twoFolders({ 'f.txt': 'one\n', 'g.txt': 'g\n' })
    let held: (() => void) | undefined
    server.before = (method) => (method === 'write' ? new Promise((resolve) => (held = resolve)) : undefined)
    a.write('f.txt', 'one\nedited\n')
    await until(() => held)
    server.remove('f.txt')
    held?.()
    await until(() => server.text('f.txt') === 'one\nedited\n')
    await settled()
  })

  test('[NASTY-15] a folder becomes a file, and a file a folder', async () => {
    const { server, a, b, settled } = await twoFolders({ 'thing/in.txt': 'in\n', other: 'file\n', 'x.txt': 'x\n' })
    rmSync(a.of('thing'), { recursive: true })
    writeFileSync(a.of('thing'), 'now a file\n')
    rmSync(a.of('other'))
    a.write('other/in.txt', 'now a folder\n')
    await b.holds('thing', 'now a file\n')
    await b.holds('other/in.txt', 'now a folder\n')
    await settled()
    expect(server.texts()).toEqual({ thing: 'now a file\n', 'other/in.txt': 'now a folder\n', 'x.txt': 'x\n' })
  })

  test('[NASTY-6] folders that are removed and made again, moved in, and made deep at once', async () => {
    const { a, b, settled } = await twoFolders({ 'src/a.txt': 'a\n', 'src/b.txt': 'b\n' })
    for (let round = 0; round < 5; round++) {
      rmSync(a.of('src'), { recursive: true })
      mkdirSync(a.of('src'))
      a.write('src/a.txt', `a ${round}\n`)
      a.write(`deep/${round}/x/y/z/file.txt`, `deep ${round}\n`)
    }
    const aside = new Folder()
    aside.write('pack/in/side.txt', 'moved in\n')
    renameSync(aside.of('pack'), a.of('pack'))
    await b.holds('src/a.txt', 'a 4\n')
    await b.holds('src/b.txt', undefined)
    await b.holds('pack/in/side.txt', 'moved in\n')
    await settled()
    expect(Object.keys(b.texts())).toHaveLength(7)
  })

  test('[NASTY-6] a file that is deleted, made and deleted within milliseconds ends as it ended', async () => {
    const { server, a, b, settled } = await twoFolders({ 'f.txt': 'one\n', 'g.txt': 'g\n' })
    rmSync(a.of('f.txt'))
    a.write('f.txt', 'two\n')
    rmSync(a.of('f.txt'))
    rmSync(a.of('g.txt'))
    a.write('g.txt', 'again\n')
    await b.holds('f.txt', undefined)
    await b.holds('g.txt', 'again\n')
    await settled()
    expect(server.conflicts).toEqual([])
  })
})

describe('a bridge', () => {
  test('[BRIDGE-12] finds every change by its audit when the watcher is mute', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('one.txt', 'one\n')
    a.write('two.txt', 'two\n')
    const bridge = await a.synced(server.connect(), { watchFolder: null })
    a.write('one.txt', 'ONE\n')
    a.write('new/three.txt', 'three\n')
    rmSync(a.of('two.txt'))
    await until(() => server.text('one.txt') === 'ONE\n', 'the change')
    await until(() => server.text('new/three.txt') === 'three\n', 'the new file')
    await until(() => server.text('two.txt') === undefined, 'the deletion')
    await bridge.idle()
  })

  test('[NASTY-7, BRIDGE-12] finds every change where the watches are used up, and watches once there are some', async () => {
    const server = new FakeServer()
    const a = new Folder()
    const folders = ['b', 'c', 'd/e']
    for (const name of folders) a.write(`${name}/f.txt`, 'start\n')
    let left = 1
    const watched: string[] = []
    const watchFolder: WatchFolder = (place, onEvent) => {
      if (left-- <= 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      watched.push(relative(a.root, place))
      return watch(place, onEvent)
    }
    const bridge = await a.synced(server.connect(), { watchFolder })
    await until(() => watched.length === 1, 'the folder to be watched')
    for (const name of folders) a.write(`${name}/f.txt`, 'changed\n')
    mkdirSync(a.of('new'))
    a.write('new/f.txt', 'new\n')
    await until(
      () =>
        server.text('new/f.txt') !== undefined && folders.every((name) => server.text(`${name}/f.txt`) === 'changed\n'),
    )
    expect(watched).toEqual([''])
    left = 100
    const { passes } = bridge
    await until(() => bridge.passes > passes + 1, 'two audits')
    expect(watched.sort()).toEqual(['', 'b', 'c', 'd', 'd/e', 'new'])
  })

  test('lists a folder anew where something happened to a file in it, not for what it wrote itself', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('f.txt', 'start\n')
    let lists = 0
    const after = (milliseconds: number, run: () => void) => {
      if (milliseconds === RESCAN) lists++
      return SYSTEM.timers.after(milliseconds, run)
    }
    const told: (string | null)[] = []
    let isWatched = false
    const watchFolder: WatchFolder = (place, onEvent) => {
      isWatched = true
      return watch(place, (event, name) => {
        onEvent(event, name)
        told.push(name)
      })
    }
    const environment = { ...SYSTEM, timers: { ...SYSTEM.timers, after } }
    const bridge = await a.synced(server.connect(), { watchFolder, environment })
    await until(() => isWatched, 'the folder to be watched')
    server.edit('f.txt', 'theirs\n')
    await a.holds('f.txt', 'theirs\n')
    await until(() => told.includes('f.txt'), 'the write to be told')
    await bridge.idle()
    expect(lists).toBe(0)
    a.write('f.txt', 'ours\n')
    await until(() => lists > 0, 'the folder to be listed')
  })

  test('says how far it is, and in which state', async () => {
    const server = new FakeServer()
    const a = new Folder()
    for (let file = 0; file < 50; file++) a.write(`${file}.txt`, `${file}\n`)
    const connection = server.connect(false)
    const phases: string[] = []
    const states: string[] = []
    const bridge = await a.bridge(connection, { onProgress: ({ phase }) => phases.push(phase) })
    bridge.onState((state) => states.push(state.kind))
    expect(bridge.state.kind).toBe('starting')
    connection.goLive()
    await bridge.synced()
    await bridge.idle()
    expect(phases[0]).toBe('scanning')
    expect(phases).toContain('comparing')
    expect(phases.at(-1)).toBe('ready')
    await until(() => bridge.state.kind === 'synced')
    expect(bridge.stats).toMatchObject({ files: 50, waiting: 0 })
    connection.break()
    expect(bridge.state.kind).toBe('offline')
    await bridge.close()
    await bridge.close()
    expect(bridge.state.kind).toBe('closed')
    expect(states.at(-1)).toBe('closed')
  })

  test('works alone in its folder', async () => {
    const server = new FakeServer()
    const a = new Folder()
    const first = await a.bridge(server.connect())
    await expect(a.bridge(server.connect())).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY' })
    await first.close()
    await a.synced(server.connect())
    const nowhere = new Folder(a.of('nowhere'))
    await expect(nowhere.bridge(server.connect())).rejects.toMatchObject({ code: 'E_WORKSPACE' })
  })

  test('takes the place of one whose process is gone', async () => {
    const lock = (folder: Folder, pid: number): string =>
      JSON.stringify({ pid, started: '1', folder: folder.root, inode: '0:0' })
    const a = new Folder()
    a.write('.ensemble/bridge/lock', lock(a, 999999999))
    await a.synced(new FakeServer().connect())
    const b = new Folder()
    b.write('.ensemble/bridge/lock', lock(b, process.pid)) // our number, given to another process before
    await b.synced(new FakeServer().connect())
  })

  test('in a copy of a folder that is being synced touches nothing of that one, and holds the copy', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('f.txt', 'one\ntwo\n')
    await a.synced(server.connect())
    const file = openSync(a.of('f.txt'), 'a')
    onTestFinished(() => closeSync(file))
    server.edit('f.txt', 'ONE\ntwo\n')
    await a.holds('f.txt', 'ONE\ntwo\n')
    const b = new Folder()
    cpSync(a.root, b.root, { recursive: true })
    const other = new FakeServer()
    const bridge = await b.synced(other.connect())
    expect(other.texts()).toEqual({ 'f.txt': 'ONE\ntwo\n' })
    await expect(b.bridge(other.connect())).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY' })
    await bridge.close()
    expect(readdirSync(a.of('.ensemble/bridge/holding'))).toHaveLength(1)
    writeSync(file, 'three\n')
    await a.holds('f.txt', 'ONE\ntwo\nthree\n')
  })

  test('tells what the server refuses, and tries that no more until it changes', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('bad.txt', 'bad\n')
    a.write('good.txt', 'good\n')
    const { EnsembleError } = await import('../../../protocol/errors.js')
    server.before = (method, params) => {
      if (method === 'write' && JSON.stringify(params).includes('bad\\n')) {
        throw new EnsembleError('E_READ_ONLY', 'not this one')
      }
      return undefined
    }
    const bridge = await a.synced(server.connect())
    expect(server.texts()).toEqual({ 'good.txt': 'good\n' })
    expect([...bridge.stats.blocked]).toEqual([['bad.txt', 'not this one']])
    const tries = (): number => server.requests.filter(({ method }) => method === 'write').length
    const before = tries()
    await until(() => bridge.passes > 1)
    expect(tries()).toBe(before)
    a.write('bad.txt', 'better\n')
    await until(() => server.text('bad.txt') === 'better\n')
    await until(() => bridge.stats.blocked.size === 0)
  })

  test('repeats what the server could not do just now', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('f.txt', 'f\n')
    const { EnsembleError } = await import('../../../protocol/errors.js')
    let left = 2
    server.before = (method) => {
      if (method === 'write' && left-- > 0) throw new EnsembleError('E_STORAGE_FULL', 'no room')
      return undefined
    }
    await a.synced(server.connect())
    const ids = server.requests
      .filter(({ method }) => method === 'write')
      .map(({ params }) => (params as { writeId: string }).writeId)
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(1)
  })

  test('leaves files that are too large out, and says so', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('large.bin', 'x'.repeat(2000))
    a.write('small.txt', 'small\n')
    const bridge = await a.synced(server.connect(), {
      config: { quietMilliseconds: 10, auditSeconds: 1, fileBytes: 1000 },
    })
    expect(Object.keys(server.texts())).toEqual(['small.txt'])
    expect([...bridge.stats.blocked.keys()]).toEqual(['large.bin'])
    server.edit('huge.txt', 'y'.repeat(2000))
    server.edit('tiny.txt', 'tiny\n')
    await a.holds('tiny.txt', 'tiny\n')
    await bridge.idle()
    expect(a.read('huge.txt')).toBeUndefined()
  })
})
