/** Renames on disk, against the server itself: each is one on the server, and one in every other folder. */
import { linkSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Bridge } from '../../../client/bridge/bridge.js'
import type { Connection } from '../../../client/sdk/connection.js'
import { workspacePath } from '../../../protocol/paths.js'
import { Folder } from '../../support/bridge-folder.js'
import { startServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

const LINES = Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n')
const at = (path: string) => workspacePath.parse(path)

interface Side {
  readonly folder: Folder
  readonly bridge: Bridge
  readonly connection: Connection
}

async function twoFolders(files: Record<string, string | Uint8Array>) {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const side = async (name: string, begun: typeof files): Promise<Side> => {
    const folder = new Folder()
    for (const [path, text] of Object.entries(begun)) folder.write(path, text)
    const connection = await server.connectAs(name)
    return { folder, connection, bridge: await folder.synced(connection) }
  }
  const a = await side('CLAUDE-a', files)
  const b = await side('CODEX-b', {})
  const idOf = async (path: string) => (await a.connection.request('stat', { path: at(path) })).head?.id
  const conflicts = async () => (await a.connection.request('conflicts', {})).conflicts
  const settled = (bridges = [a.bridge, b.bridge]): Promise<unknown> =>
    until(async () => {
      for (const bridge of bridges) await bridge.idle()
      return JSON.stringify(a.folder.texts()) === JSON.stringify(b.folder.texts())
    }, 'both folders to be the same')
  const tree = async (): Promise<string[]> => {
    const { files: heads } = await a.connection.request('tree', {})
    return heads.flatMap(({ path, deleted }) => (deleted ? [] : [path])).sort()
  }
  return { server, a, b, idOf, conflicts, settled, tree }
}

test('[BRIDGE-15] a file that is renamed on disk keeps its id, and is renamed in the other folder', async () => {
  const { a, b, idOf, settled, conflicts, tree } = await twoFolders({
    'a.txt': LINES,
    'bytes.bin': Buffer.from([0, 1]),
  })
  const ids = [await idOf('a.txt'), await idOf('bytes.bin')]
  const inode = statSync(b.folder.of('a.txt')).ino
  mkdirSync(a.folder.of('dir'))
  renameSync(a.folder.of('a.txt'), a.folder.of('dir/b.txt'))
  renameSync(a.folder.of('bytes.bin'), a.folder.of('moved.bin'))
  await b.folder.holds('dir/b.txt', LINES)
  await settled()
  expect([await idOf('dir/b.txt'), await idOf('moved.bin')]).toEqual(ids)
  expect(await tree()).toEqual(['dir/b.txt', 'moved.bin'])
  expect(statSync(b.folder.of('dir/b.txt')).ino).toBe(inode) // whoever has it open stays with it
  const { entries } = await a.connection.request('history', { path: at('dir/b.txt') })
  expect(entries.map(({ change, author }) => `${change} ${author}`)).toEqual(['renamed CLAUDE-a', 'created CLAUDE-a'])
  b.folder.write('dir/b.txt', `${LINES}\nmore`)
  await a.folder.holds('dir/b.txt', `${LINES}\nmore`)
  await settled()
  expect(await conflicts()).toEqual([])
})

test('[BRIDGE-15] a file that was renamed here is known by itself when it is renamed again, whatever it holds', async () => {
  const { a, b, idOf, settled, conflicts } = await twoFolders({ 'a.txt': LINES, 'dir/sub/c.txt': LINES.toUpperCase() })
  const ids = [await idOf('a.txt'), await idOf('dir/sub/c.txt')]
  renameSync(a.folder.of('a.txt'), a.folder.of('b.txt'))
  renameSync(a.folder.of('dir'), a.folder.of('other'))
  await b.folder.holds('other/sub/c.txt', LINES.toUpperCase())
  await settled()
  renameSync(a.folder.of('b.txt'), a.folder.of('c.txt'))
  writeFileSync(a.folder.of('c.txt'), 'all of it is new')
  renameSync(a.folder.of('other/sub'), a.folder.of('up'))
  writeFileSync(a.folder.of('up/c.txt'), 'this, too')
  await b.folder.holds('c.txt', 'all of it is new')
  await b.folder.holds('up/c.txt', 'this, too')
  await settled()
  expect([await idOf('c.txt'), await idOf('up/c.txt')]).toEqual(ids)
  expect(await conflicts()).toEqual([])
})

test('[BRIDGE-15] a rename with an edit is both', async () => {
  const { a, b, idOf, settled } = await twoFolders({ 'a.txt': LINES })
  const id = await idOf('a.txt')
  renameSync(a.folder.of('a.txt'), a.folder.of('b.txt'))
  writeFileSync(a.folder.of('b.txt'), LINES.replace('line 3', 'LINE 3'))
  await b.folder.holds('b.txt', LINES.replace('line 3', 'LINE 3'))
  await settled()
  expect(await idOf('b.txt')).toBe(id)
  expect(b.folder.texts()).toEqual(a.folder.texts())
})

test('[BRIDGE-15] a copy for a file that is gone is a rename, by its content or its likeness', async () => {
  const { a, b, idOf, settled } = await twoFolders({ 'a.txt': LINES, 'c.txt': LINES.replaceAll('line', 'row') })
  const ids = [await idOf('a.txt'), await idOf('c.txt')]
  rmSync(a.folder.of('a.txt'))
  rmSync(a.folder.of('c.txt'))
  a.folder.write('b.txt', LINES)
  a.folder.write('d.txt', LINES.replaceAll('line', 'row').replace('row 4', 'ROW 4'))
  await b.folder.holds('d.txt', a.folder.read('d.txt'))
  await b.folder.holds('b.txt', LINES)
  await settled()
  expect([await idOf('b.txt'), await idOf('d.txt')]).toEqual(ids)
})

test('[BRIDGE-15] a whole folder is renamed, file by file, without a brake', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`old/f${n}.txt`, `file ${n}\n`]))
  const { a, b, idOf, settled, tree } = await twoFolders({ ...files, 'old/empty': '', 'old/__init__.py': '' })
  const ids = await Promise.all(['old/f7.txt', 'old/empty', 'old/__init__.py'].map(idOf))
  renameSync(a.folder.of('old'), a.folder.of('new'))
  await until(async () => (await tree()).every((path) => path.startsWith('new/')), 'all names to be new')
  await settled()
  expect(await Promise.all(['new/f7.txt', 'new/empty', 'new/__init__.py'].map(idOf))).toEqual(ids)
  expect(Object.keys(b.folder.texts())).toHaveLength(202)
  expect(statSync(b.folder.of('old'), { throwIfNoEntry: false })).toBeUndefined()
})

test('[BRIDGE-22] folders that a deletion or a rename leaves empty go, whoever made them, as in git', async () => {
  const { a, b } = await twoFolders({})
  a.folder.write('deep/in/one.txt', 'one\n')
  a.folder.write('mixed/two.txt', 'two\n')
  a.folder.write('old/three.txt', 'three\n')
  await b.folder.holds('old/three.txt', 'three\n')
  await b.folder.holds('mixed/two.txt', 'two\n')
  await b.folder.holds('deep/in/one.txt', 'one\n')
  mkdirSync(a.folder.of('mixed/empty'))
  rmSync(b.folder.of('deep'), { recursive: true })
  rmSync(b.folder.of('mixed'), { recursive: true })
  renameSync(b.folder.of('old'), b.folder.of('new'))
  await a.folder.holds('new/three.txt', 'three\n')
  const there = (path: string): boolean => statSync(a.folder.of(path), { throwIfNoEntry: false }) !== undefined
  await until(() => !there('deep') && !there('mixed/two.txt') && !there('old'), 'the empty folders to go')
  expect(there('mixed/empty')).toBe(true)
})

test('[BRIDGE-15] an edit of the old path and a rename at once: the edit is in the renamed file, also of an absent folder', async () => {
  const { server, a, b, idOf, settled, conflicts, tree } = await twoFolders({ 'a.txt': LINES, 'g.txt': LINES })
  const id = await idOf('a.txt')
  await b.bridge.close()
  b.folder.write('a.txt', LINES.replace('line 20', 'LINE 20'))
  renameSync(a.folder.of('a.txt'), a.folder.of('new.txt'))
  await until(async () => (await tree()).includes('new.txt'), 'the rename')
  a.folder.write('new.txt', LINES.replace('line 3', 'LINE 3'))
  await a.bridge.idle()
  const back = await b.folder.synced(await server.connectAs('CODEX-b2'))
  await settled([a.bridge, back])
  expect(b.folder.texts()).toEqual({
    'new.txt': LINES.replace('line 3', 'LINE 3').replace('line 20', 'LINE 20'),
    'g.txt': LINES,
  })
  expect([await idOf('new.txt'), await conflicts()]).toEqual([id, []])
})

test('[BRIDGE-15] a rename while no bridge ran, and an edit of the old path meanwhile', async () => {
  const { server, a, b, idOf, conflicts } = await twoFolders({ 'a.txt': LINES })
  const id = await idOf('a.txt')
  await b.bridge.close()
  renameSync(b.folder.of('a.txt'), b.folder.of('b.txt'))
  a.folder.write('a.txt', LINES.replace('line 3', 'LINE 3'))
  await a.bridge.idle()
  await until(async () => (await a.connection.request('stat', { path: at('a.txt') })).head?.rev === 2)
  await b.folder.synced(await server.connectAs('CODEX-b2'))
  await a.folder.holds('b.txt', LINES.replace('line 3', 'LINE 3'))
  await b.folder.holds('b.txt', LINES.replace('line 3', 'LINE 3'))
  await a.folder.holds('a.txt', undefined)
  expect([await idOf('b.txt'), await conflicts()]).toEqual([id, []])
})

test('[BRIDGE-15] two names for one file: the first is everybody’s, and nothing is there twice', async () => {
  const { server, a, b, idOf, settled, conflicts } = await twoFolders({ 'a.txt': LINES })
  const id = await idOf('a.txt')
  await b.bridge.close()
  renameSync(b.folder.of('a.txt'), b.folder.of('by-b.txt'))
  renameSync(a.folder.of('a.txt'), a.folder.of('by-a.txt'))
  await until(async () => (await idOf('by-a.txt')) === id, 'the first rename')
  b.folder.write('by-b.txt', LINES.replace('line 9', 'LINE 9'))
  const back = await b.folder.synced(await server.connectAs('CODEX-b2'))
  await settled([a.bridge, back])
  expect(a.folder.texts()).toEqual({ 'by-a.txt': LINES.replace('line 9', 'LINE 9') })
  expect(await conflicts()).toEqual([])
})

test('[RENAME-2] two names in one moment, and an edit on both sides: one file with both edits, and the second is told', async () => {
  const { a, b, idOf, settled, conflicts, tree } = await twoFolders({ 'a.txt': LINES })
  const id = await idOf('a.txt')
  for (const [side, name] of [
    [a, 'by-a.txt'],
    [b, 'by-b.txt'],
  ] as const) {
    renameSync(side.folder.of('a.txt'), side.folder.of(name))
  }
  a.folder.write('by-a.txt', LINES.replace('line 9', 'LINE 9'))
  b.folder.write('by-b.txt', LINES.replace('line 20', 'LINE 20'))
  const told = async () =>
    (await a.connection.request('recent', { since: 0 })).events.flatMap((event) =>
      event.type === 'rename:refused' ? [event.data] : [],
    )
  await until(async () => (await told()).length > 0, 'the second to be told')
  await settled()
  const [name] = await tree()
  const other = name === 'by-a.txt' ? 'by-b.txt' : 'by-a.txt'
  expect(a.folder.texts()).toEqual({ [name!]: LINES.replace('line 9', 'LINE 9').replace('line 20', 'LINE 20') })
  expect(await told()).toMatchObject([{ file: name, file_id: id, to: other, reason: 'renamed' }])
  expect(await conflicts()).toEqual([])
})

test('[BRIDGE-15] a rename of what another deletes: the file stays, under its new name', async () => {
  const { server, a, b, settled } = await twoFolders({ 'a.txt': LINES, 'g.txt': 'g\n' })
  await b.bridge.close()
  renameSync(b.folder.of('a.txt'), b.folder.of('b.txt'))
  rmSync(a.folder.of('a.txt'))
  await until(async () => (await a.connection.request('stat', { path: at('a.txt') })).head?.deleted === true)
  const back = await b.folder.synced(await server.connectAs('CODEX-b2'))
  await settled([a.bridge, back])
  expect(a.folder.texts()).toEqual({ 'b.txt': LINES, 'g.txt': 'g\n' })
})

test('[BRIDGE-15] a new name that another file has got: that one stays, both files are everywhere', async () => {
  const { server, a, b, settled } = await twoFolders({ 'a.txt': LINES })
  await b.bridge.close()
  renameSync(b.folder.of('a.txt'), b.folder.of('b.txt'))
  a.folder.write('b.txt', 'another\n')
  await until(async () => (await a.connection.request('stat', { path: at('b.txt') })).head !== null)
  const back = await b.folder.synced(await server.connectAs('CODEX-b2'))
  await settled([a.bridge, back])
  const held = (await a.connection.request('conflicts', {})).conflicts.map(({ theirs }) => JSON.stringify(theirs))
  expect(a.folder.texts()['b.txt']).toBe('another\n')
  const everything = JSON.stringify(a.folder.texts()) + held.join()
  expect(everything).toContain('line 29')
})

test('[BRIDGE-15] names that are exchanged, and names that move up by one', async () => {
  const texts = ['one', 'two', 'three'].map((word) => LINES.replaceAll('line', word))
  const { a, b, settled, conflicts } = await twoFolders({ a: texts[0]!, b: texts[1]!, c: texts[2]! })
  renameSync(a.folder.of('a'), a.folder.of('t'))
  renameSync(a.folder.of('b'), a.folder.of('a'))
  renameSync(a.folder.of('t'), a.folder.of('b'))
  await b.folder.holds('b', texts[0])
  await settled()
  expect(b.folder.texts()).toEqual({ a: texts[1], b: texts[0], c: texts[2] })
  renameSync(a.folder.of('c'), a.folder.of('d'))
  renameSync(a.folder.of('b'), a.folder.of('c'))
  renameSync(a.folder.of('a'), a.folder.of('b'))
  await b.folder.holds('d', texts[2])
  await settled()
  expect(b.folder.texts()).toEqual({ b: texts[1], c: texts[0], d: texts[2] })
  expect(await conflicts()).toEqual([])
})

test('[BRIDGE-15] a file that is edited here moves with the rename of another, and nothing of it is lost', async () => {
  const { a, b, idOf, settled } = await twoFolders({ 'a.txt': LINES })
  const id = (await idOf('a.txt'))!
  for (let round = 0; round < 10; round++) {
    const [from, to] = round % 2 === 0 ? ['a.txt', 'b.txt'] : ['b.txt', 'a.txt']
    b.folder.write(from, b.folder.read(from)!.replace(/line 20.*/, `line 20 by b, ${round}`))
    const writeId = `round-${round}` as never
    await a.connection.request('rename', { writeId, id, path: at(from), to: at(to) })
    await settled()
  }
  expect(a.folder.texts()).toEqual({ 'a.txt': LINES.replace('line 20', 'line 20 by b, 9') })
})

test('[BRIDGE-2] a file that this folder ignores, and another one renames to where it is not ignored, comes here', async () => {
  const { a, b, idOf, conflicts } = await twoFolders({ 'build/a.txt': LINES })
  b.folder.write('.ensembleignore', 'build/\n.ensembleignore\n')
  await until(() => b.bridge.stats.files === 0, 'the folder to be left out')
  renameSync(a.folder.of('build'), a.folder.of('src'))
  await b.folder.holds('src/a.txt', LINES)
  expect(b.folder.read('build/a.txt')).toBe(LINES) // what is ignored stays
  b.folder.write('src/a.txt', LINES.replace('line 3', 'LINE 3'))
  await a.folder.holds('src/a.txt', LINES.replace('line 3', 'LINE 3'))
  expect([(await idOf('src/a.txt')) !== undefined, await conflicts()]).toEqual([true, []])
})

test('[BRIDGE-1] names that are exchanged while away, and an edit of one of them there: every text is in a file, or in a conflict', async () => {
  const [one, two] = ['one', 'two'].map((word) => LINES.replaceAll('line', word))
  const { server, a, b, settled, conflicts } = await twoFolders({ a: one!, b: two! })
  await b.bridge.close()
  renameSync(b.folder.of('a'), b.folder.of('t'))
  renameSync(b.folder.of('b'), b.folder.of('a'))
  renameSync(b.folder.of('t'), b.folder.of('b'))
  const edited = one!.replace('one 3', 'ONE 3')
  a.folder.write('a', edited)
  await until(async () => (await a.connection.request('stat', { path: at('a') })).head?.rev === 2)
  const back = await b.folder.synced(await server.connectAs('CODEX-b2'))
  await settled([a.bridge, back])
  expect(a.folder.texts()).toEqual({ a: edited, b: one })
  expect((await conflicts()).map(({ path, theirs }) => ({ path, theirs }))).toEqual([{ path: 'a', theirs: two }])
})

test('a backup that an editor makes by renaming is a new file, and the file stays itself', async () => {
  const { a, b, idOf, settled } = await twoFolders({ 'a.txt': LINES })
  const id = await idOf('a.txt')
  renameSync(a.folder.of('a.txt'), a.folder.of('a.txt~'))
  a.folder.write('a.txt', LINES.replace('line 3', 'LINE 3'))
  await b.folder.holds('a.txt~', LINES)
  await settled()
  expect(await idOf('a.txt')).toBe(id)
})

test('[NASTY-15] a second name of a file is a file of its own, and goes on when the first goes', async () => {
  const { a, b, idOf, settled } = await twoFolders({ 'a.txt': LINES })
  const id = await idOf('a.txt')
  linkSync(a.folder.of('a.txt'), a.folder.of('b.txt'))
  await b.folder.holds('b.txt', LINES)
  await settled()
  const other = await idOf('b.txt')
  expect(other).not.toBe(id)
  rmSync(a.folder.of('a.txt'))
  await b.folder.holds('a.txt', undefined)
  await settled()
  expect(await idOf('b.txt')).toBe(other)
})

test('[PATH-6] a file becomes a folder of its name, and a folder a file, in every folder', async () => {
  const { a, b, settled, conflicts } = await twoFolders({ f: 'a file\n', 'd/x': 'x\n', 'd/y/z': 'z\n', g: LINES })
  rmSync(a.folder.of('f'))
  a.folder.write('f/x', 'new\n')
  rmSync(a.folder.of('d'), { recursive: true })
  a.folder.write('d', 'now a file\n')
  renameSync(a.folder.of('g'), a.folder.of('t'))
  mkdirSync(a.folder.of('g'))
  renameSync(a.folder.of('t'), a.folder.of('g/in'))
  await b.folder.holds('f/x', 'new\n')
  await b.folder.holds('d', 'now a file\n')
  await b.folder.holds('g/in', LINES)
  await settled()
  expect(b.folder.texts()).toEqual({ 'f/x': 'new\n', d: 'now a file\n', 'g/in': LINES })
  expect(await conflicts()).toEqual([])
})

test('[PATH-6] one folder makes a folder of a file that another one edits: both are everywhere, side by side', async () => {
  const { server, a, b, settled, conflicts } = await twoFolders({ f: LINES, g: 'g\n' })
  await b.bridge.close()
  rmSync(b.folder.of('f'))
  b.folder.write('f/x', 'x\n')
  b.folder.write('f/deep/y', 'y\n')
  a.folder.write('f', LINES.replace('line 3', 'LINE 3'))
  await until(async () => (await a.connection.request('stat', { path: at('f') })).head?.rev === 2)
  const back = await b.folder.synced(await server.connectAs('CODEX-b2'))
  await settled([a.bridge, back])
  await until(() => Object.keys(a.folder.texts()).length === 4, 'all four files')
  const beside = { 'f~CODEX-b2/x': 'x\n', 'f~CODEX-b2/deep/y': 'y\n' }
  expect(a.folder.texts()).toEqual({ f: LINES.replace('line 3', 'LINE 3'), g: 'g\n', ...beside })
  expect((await conflicts()).map(({ reason, path }) => `${reason} ${path}`)).toEqual(['delete f'])
})
