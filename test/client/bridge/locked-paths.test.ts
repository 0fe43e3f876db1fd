/** What a folder does that may not do it: nothing is lost, and it ends with what the documents say. */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { Folder } from '../../support/bridge-folder.js'
import { startServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { lockedBy } from '../../server/locks/lock-doors.js'

/** CLAUDE-ada has `locked` whole; the folder is CODEX-bob's. */
async function folderOfBob(files: Record<string, string>, locked: string) {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const ada = await server.connectAs('CLAUDE-ada')
  const [other, folder] = [new Folder(), new Folder()]
  for (const [path, text] of Object.entries(files)) other.write(path, text)
  await other.synced(ada)
  expect(await lockedBy(ada, locked)).toMatchObject({ outcome: 'granted' })
  const bridge = await folder.synced(await server.connectAs('CODEX-bob'))
  const conflicts = async () => (await ada.request('conflicts', {})).conflicts
  const refused = async () =>
    (await ada.request('recent', { since: 0 })).events.filter(({ type }) => type === 'rename:refused')
  return { server, ada, other, folder, bridge, conflicts, refused }
}

test('[LOCK-19] a file that a folder makes at a locked path goes from there, and is on record, byte for byte', async () => {
  const { folder, other, bridge, conflicts } = await folderOfBob({ 'f.txt': 'f\n' }, 'new.txt')
  folder.write('new.txt', 'by bob\r\n')
  const [held] = await until(async () => {
    const found = await conflicts()
    return found.length > 0 ? found : undefined
  })
  expect(held).toMatchObject({ reason: 'create', theirs: { text: 'by bob\n', eol: 'crlf' } })
  await folder.holds('new.txt', undefined)
  await bridge.idle()
  expect([folder.texts(), other.texts()]).toEqual([{ 'f.txt': 'f\n' }, { 'f.txt': 'f\n' }])
  folder.write('new.txt', Buffer.from([0, 255]))
  await until(async () => (await conflicts()).length === 2, 'the bytes on record')
  await folder.holds('new.txt', undefined)
  // The path is its holder's.
  other.write('new.txt', 'by ada\n')
  await folder.holds('new.txt', 'by ada\n')
})

test('[LOCK-19] a locked file that a folder deletes comes back, with what its holder does to it', async () => {
  const { folder, other, bridge, conflicts } = await folderOfBob({ 'f.txt': 'f\n' }, 'f.txt')
  rmSync(folder.of('f.txt'))
  await until(async () => (await conflicts()).length === 1, 'the deletion on record')
  await folder.holds('f.txt', 'f\n')
  other.write('f.txt', 'f, by ada\n')
  await folder.holds('f.txt', 'f, by ada\n')
  await bridge.idle()
  expect(await conflicts()).toMatchObject([{ reason: 'delete', theirs: null, authors: { theirs: 'CODEX-bob' } }])
})

test('[LOCK-19] a locked file that a folder renames gets its name back, with what was edited on the way', async () => {
  const { folder, other, bridge, conflicts, refused } = await folderOfBob({ 'f.txt': 'f\n' }, 'f.txt')
  mkdirSync(folder.of('deep'))
  renameSync(folder.of('f.txt'), folder.of('deep/g.txt'))
  await until(async () => (await refused()).length > 0, 'the refusal')
  await folder.holds('f.txt', 'f\n')
  await bridge.idle()
  expect([folder.texts(), other.texts()]).toEqual([{ 'f.txt': 'f\n' }, { 'f.txt': 'f\n' }])
  renameSync(folder.of('f.txt'), folder.of('g.txt'))
  folder.write('g.txt', 'f, by bob\n')
  await until(async () => (await conflicts()).length === 1, 'the edit on record')
  await folder.holds('f.txt', 'f\n')
  await bridge.idle()
  expect(folder.texts()).toEqual({ 'f.txt': 'f\n' })
  expect(JSON.stringify(await conflicts())).toContain('f, by bob')
})

test('[LOCK-19] a file that a folder renames onto a locked path keeps its name, whether a file is there or not', async () => {
  const { folder, other, bridge, conflicts, refused } = await folderOfBob({ 'a.txt': 'a\n', 'b.txt': 'b\n' }, 'new.txt')
  renameSync(folder.of('a.txt'), folder.of('new.txt'))
  await until(async () => (await refused()).length > 0, 'the refusal')
  await folder.holds('a.txt', 'a\n')
  await folder.holds('new.txt', undefined)
  other.write('new.txt', 'by ada\n')
  await folder.holds('new.txt', 'by ada\n')
  await bridge.idle()
  // Over a file that is there, as an editor or "mv" does it.
  renameSync(folder.of('b.txt'), folder.of('new.txt'))
  await until(async () => (await conflicts()).length > 0, 'what would have stood there on record')
  await folder.holds('new.txt', 'by ada\n')
  await bridge.idle()
  expect(JSON.stringify(await conflicts())).toContain('b\\n')
  await other.holds('b.txt', undefined)
  expect(other.texts()).toEqual(folder.texts())
})

test('[LOCK-19] what a folder made at a locked path while it was offline is on record, too', async () => {
  const { server, folder, other, bridge, conflicts } = await folderOfBob({ 'f.txt': 'f\n' }, 'new.txt')
  await bridge.close()
  folder.write('new.txt', 'offline\n')
  await folder.synced(await server.connectAs('CODEX-bob2'))
  expect(await conflicts()).toMatchObject([{ reason: 'create', theirs: { text: 'offline\n' } }])
  expect([folder.texts(), other.texts()]).toEqual([{ 'f.txt': 'f\n' }, { 'f.txt': 'f\n' }])
})
