import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

async function folderOf(count: number) {
  const server = new FakeServer()
  const a = new Folder()
  for (let file = 0; file < count; file++) a.write(`src/${file}.txt`, `${file}\n`)
  a.write('keep.txt', 'keep\n')
  const bridge = await a.synced(server.connect())
  const isPaused = (code: string) => (): boolean => bridge.state.kind === 'paused' && bridge.state.reason.code === code
  return { server, a, bridge, isPaused }
}

describe('[BRIDGE-14] many files gone at once', () => {
  test('are held until someone says to delete them; the rest goes on', async () => {
    const { server, a, bridge, isPaused } = await folderOf(30)
    rmSync(a.of('src'), { recursive: true })
    await until(isPaused('many-deletions'))
    a.write('keep.txt', 'changed\n')
    await until(() => server.text('keep.txt') === 'changed\n')
    server.edit('from-there.txt', 'there\n')
    await a.holds('from-there.txt', 'there\n')
    await bridge.idle()
    expect(Object.keys(server.texts())).toHaveLength(32)
    await bridge.resume('delete')
    await until(() => Object.keys(server.texts()).length === 2, 'the deletions')
    await until(() => bridge.state.kind === 'synced')
  })

  test('come back when someone says to restore them', async () => {
    const { server, a, bridge, isPaused } = await folderOf(30)
    const before = a.texts()
    rmSync(a.of('src'), { recursive: true })
    await until(isPaused('many-deletions'))
    await bridge.resume('restore')
    await until(() => JSON.stringify(a.texts()) === JSON.stringify(before), 'the files')
    await until(() => bridge.state.kind === 'synced')
    expect(server.history.some(({ deleted }) => deleted)).toBe(false)
  })

  test('are forgotten when they are put back', async () => {
    const { server, a, bridge, isPaused } = await folderOf(30)
    renameSync(a.of('src'), a.of('.ensemble/aside'))
    await until(isPaused('many-deletions'))
    renameSync(a.of('.ensemble/aside'), a.of('src'))
    await until(() => bridge.state.kind === 'synced')
    await bridge.idle()
    expect(server.history.some(({ deleted }) => deleted)).toBe(false)
    rmSync(a.of('src/1.txt'))
    await until(() => server.text('src/1.txt') === undefined)
  })

  test('include those that went while the bridge was down', async () => {
    const { server, a, bridge } = await folderOf(30)
    await bridge.close()
    rmSync(a.of('src'), { recursive: true })
    const again = await a.bridge(server.connect())
    await until(() => again.state.kind === 'paused')
    await again.synced()
    expect(Object.keys(server.texts())).toHaveLength(31)
  })

  test('few files are deleted without asking', async () => {
    const { server, a, bridge } = await folderOf(30)
    for (let file = 0; file < 20; file++) rmSync(a.of(`src/${file}.txt`))
    await until(() => Object.keys(server.texts()).length === 11)
    await until(() => bridge.state.kind === 'synced')
  })
})

describe('[NASTY-15, BRIDGE-14] a folder that', () => {
  test('is missing pauses the bridge, and goes on when it is back', async () => {
    const { server, a, bridge, isPaused } = await folderOf(3)
    const aside = `${a.root}-aside`
    renameSync(a.root, aside)
    server.edit('keep.txt', 'changed there\n')
    await until(isPaused('root-missing'))
    renameSync(aside, a.root)
    await a.holds('keep.txt', 'changed there\n')
    await until(() => bridge.state.kind === 'synced')
    expect(Object.keys(server.texts())).toHaveLength(4)
  })

  test('was replaced by another is not touched', async () => {
    const { server, a, isPaused } = await folderOf(3)
    const aside = new Folder(`${a.root}-aside`)
    renameSync(a.root, aside.root)
    mkdirSync(a.root)
    a.write('keep.txt', 'of another folder\n')
    server.edit('keep.txt', 'changed there\n')
    await until(isPaused('root-replaced'))
    expect(a.texts()).toEqual({ 'keep.txt': 'of another folder\n' })
    expect(server.text('keep.txt')).toBe('changed there\n')
    expect(Object.keys(server.texts())).toHaveLength(4)
  })

  test('was emptied to its last hidden file deletes nothing', async () => {
    const { server, a, bridge } = await folderOf(3)
    for (const name of ['src', 'keep.txt', '.ensemble']) rmSync(a.of(name), { recursive: true })
    await until(() => bridge.state.kind === 'paused')
    expect(Object.keys(server.texts())).toHaveLength(4)
  })

  test('[BRIDGE-18] became a link elsewhere is neither followed nor deleted', async () => {
    const { server, a, bridge } = await folderOf(3)
    const outside = new Folder()
    outside.write('0.txt', 'outside\n')
    outside.write('secret.txt', 'secret\n')
    rmSync(a.of('src'), { recursive: true })
    symlinkSync(outside.root, a.of('src'))
    server.edit('src/0.txt', 'changed there\n')
    server.edit('src/new.txt', 'new there\n')
    await until(() => bridge.stats.blocked.has('src/0.txt') && bridge.stats.blocked.has('src/new.txt'))
    const { passes } = bridge
    await until(() => bridge.passes > passes + 1)
    expect(outside.texts()).toEqual({ '0.txt': 'outside\n', 'secret.txt': 'secret\n' })
    expect(Object.keys(server.texts())).toEqual(['keep.txt', 'src/0.txt', 'src/1.txt', 'src/2.txt', 'src/new.txt'])
    expect(server.text('src/0.txt')).toBe('changed there\n')
    rmSync(a.of('src'))
    mkdirSync(a.of('src'))
    await a.holds('src/new.txt', 'new there\n') // it is no longer in the way
  })
})
