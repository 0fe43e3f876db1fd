import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

test('files of a folder come to the server, and to a second folder', async () => {
  const server = new FakeServer()
  const a = new Folder()
  const b = new Folder()
  a.write('one.txt', 'one\n')
  a.write('src/deep/two.ts', 'two\n')
  await a.synced(server.connect())
  expect(server.texts()).toEqual({ 'one.txt': 'one\n', 'src/deep/two.ts': 'two\n' })
  await b.synced(server.connect())
  expect(b.texts()).toEqual(a.texts())
})

test('a save in one folder comes to the other, and back', async () => {
  const server = new FakeServer()
  const a = new Folder()
  const b = new Folder()
  a.write('one.txt', 'one\n')
  await a.synced(server.connect())
  await b.synced(server.connect())
  a.write('one.txt', 'one\ntwo\n')
  await b.holds('one.txt', 'one\ntwo\n')
  b.write('one.txt', 'zero\none\ntwo\n')
  await a.holds('one.txt', 'zero\none\ntwo\n')
  a.write('new/file.txt', 'new\n')
  await b.holds('new/file.txt', 'new\n')
  rmSync(a.of('new'), { recursive: true })
  await b.holds('new/file.txt', undefined)
  await until(() => server.files.get('new/file.txt')?.head.deleted)
  expect(server.conflicts).toEqual([])
})
