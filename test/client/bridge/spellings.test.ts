import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { foldOf } from '../../../client/bridge/spellings.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

const oneCase = (path: string): string => path.normalize('NFC').toLowerCase()
const NFC = 'caf\u00e9.txt'
const NFD = 'cafe\u0301.txt'

test('[NASTY-15, PATH-5] of two names that a disk takes for one the second is left out and told, and nothing is overwritten', async () => {
  const server = new FakeServer()
  server.edit('Readme.md', 'first\n')
  server.edit(NFC, 'composed\n')
  const folder = new Folder()
  const bridge = await folder.synced(server.connect(), { fold: oneCase })
  server.edit('README.md', 'second\n')
  server.edit(NFD, 'decomposed\n')
  await until(() => bridge.stats.blocked.size === 2, 'both to be left out')
  server.edit('README.md', 'second, edited\n')
  server.edit('Readme.md', 'first, edited\n')
  await folder.holds('Readme.md', 'first, edited\n')
  await bridge.idle()
  expect(folder.texts()).toEqual({ 'Readme.md': 'first, edited\n', [NFC]: 'composed\n' })
  expect([...bridge.stats.blocked.keys()].sort()).toEqual(['README.md', NFD].sort())
  expect(bridge.stats.blocked.get('README.md')).toContain('Readme.md')
  expect(server.texts()['README.md']).toBe('second, edited\n')
  server.remove('Readme.md')
  await folder.holds('README.md', 'second, edited\n')
  expect(folder.read('Readme.md')).toBeUndefined()
  await until(() => bridge.stats.blocked.size === 1)
})

test('[PATH-5] a file that is there under one spelling is not sent as another one', async () => {
  const server = new FakeServer()
  server.edit('README.md', 'text\n')
  const folder = new Folder()
  const bridge = await folder.synced(server.connect(), { fold: oneCase })
  folder.write('readme.md', 'in its way\n')
  await until(() => bridge.stats.blocked.has('readme.md'))
  await bridge.idle()
  expect(server.texts()).toEqual({ 'README.md': 'text\n' })
})

test('[PATH-5] where the disk tells all names apart both are files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-names-'))
  expect(foldOf(folder)).toBeUndefined() // of the disks on which the tests run
  rmSync(folder, { recursive: true })
  const server = new FakeServer()
  for (const path of ['Readme.md', 'README.md', NFC, NFD]) server.edit(path, path)
  const there = new Folder()
  await there.synced(server.connect())
  expect(there.texts()).toEqual(server.texts())
})
