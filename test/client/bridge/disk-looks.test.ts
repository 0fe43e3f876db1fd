import { appendFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { BaseStore } from '../../../client/bridge/base-store.js'
import { DiskLooks } from '../../../client/bridge/disk-looks.js'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { Places } from '../../../client/bridge/places.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { workspacePath } from '../../../protocol/paths.js'
import type { BridgeLog } from '../../../client/bridge/ports.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

const PATH = workspacePath.parse('f.txt')
const skip = (): void => undefined

test('[BRIDGE-17] a large file that changes in every reading is tried less and less often, and said to be left out', async () => {
  const folder = new Folder()
  folder.write('f.txt', 'x'.repeat(400_000))
  const store = new BaseStore({ dir: folder.of('data'), timers: SYSTEM.timers, onFailure: skip })
  onTestFinished(() => store.close())
  let elapsed = 0
  let readings = 0
  const again: { wait: number; counts: boolean }[] = []
  const looks = new DiskLooks({
    ...{ places: new Places(folder.root), store, quietMilliseconds: 10, fileBytes: 10_000_000 },
    ...{ log: { debug: skip, info: skip, warn: skip, error: skip } },
    environment: { ...SYSTEM, elapsed: () => elapsed, now: () => Date.now() + 60_000 },
    again: (_path, wait, counts) => void again.push({ wait, counts }),
  })
  const waits: number[] = []
  for (let look = 0; look < 400 && elapsed < 60_000; look++) {
    const begun = looks.look(PATH)
    readings++
    appendFileSync(folder.of('f.txt'), 'more\n') // before the reading ends, and its stamp is compared
    expect((await begun).kind).not.toBe('file')
    const { wait } = again.at(-1)!
    waits.push(wait)
    elapsed += wait
  }
  expect(readings).toBeLessThan(40)
  expect(Math.max(...waits)).toBe(5000)
  expect(looks.blocked.get(PATH)).toContain('being written')
  expect(again.at(-1)?.counts).toBe(false)
  // Told of the next write it does not read before it is time.
  elapsed -= 1
  const before = again.length
  await looks.look(PATH)
  expect(again.length).toBe(before + 1)
  elapsed += 5000
  expect((await looks.look(PATH)).kind).toBe('file')
})

test('[BRIDGE-17] … and keeps nobody waiting for the first sync', async () => {
  const server = new FakeServer()
  const a = new Folder()
  a.write('large.log', 'x'.repeat(8_000_000))
  a.write('other.txt', 'other\n')
  const writer = setInterval(() => appendFileSync(a.of('large.log'), 'more\n'), 1)
  onTestFinished(() => clearInterval(writer))
  const bridge = await a.bridge(server.connect())
  await bridge.synced()
  expect(server.text('other.txt')).toBe('other\n')
  clearInterval(writer)
  await until(() => server.text('large.log') === a.read('large.log'), 'all of it')
  await until(() => bridge.stats.blocked.size === 0)
})

test('a file that is dated into the future is looked at once', async () => {
  const server = new FakeServer()
  const a = new Folder()
  a.write('f.txt', 'f\n')
  const later = Date.now() / 1000 + 9000
  utimesSync(a.of('f.txt'), later, later)
  let looks = 0
  const debug = (_facts: object, message: string): void => void (looks += message === 'reconciled' ? 1 : 0)
  const bridge = await a.synced(server.connect(), { log: { debug, info: skip, warn: skip, error: skip } })
  const { passes } = bridge
  await until(() => bridge.passes > passes + 1)
  const before = looks
  await until(() => bridge.passes > passes + 2)
  expect(looks).toBe(before)
})

function listening(): { readonly log: BridgeLog; readonly warned: string[] } {
  const warned: string[] = []
  const warn = (facts: object, message: string): void => {
    if ('path' in facts) warned.push(`${String(facts.path)}: ${message}`)
  }
  return { log: { debug: skip, info: skip, warn, error: skip }, warned }
}

test('what is left out is said once, in plain words, and for as long as it lasts', async () => {
  const server = new FakeServer()
  const a = new Folder()
  a.write('in-the-way/of.bin', 'a folder with something in it')
  a.write('.gitignore', 'in-the-way/\n')
  const { log, warned } = listening()
  const bridge = await a.synced(server.connect(), { log })
  server.edit('in-the-way', 'a file of another\n')
  await until(() => bridge.stats.blocked.size === 1)
  const { passes } = bridge
  await until(() => bridge.passes > passes + 2, 'two audits')
  await bridge.idle()
  expect([...bridge.stats.blocked]).toEqual([['in-the-way', 'it is a folder']])
  expect(warned).toEqual(['in-the-way: left out of sync until it changes'])
})

test('what the server refused stays told until it is something else', async () => {
  const server = new FakeServer()
  const a = new Folder()
  a.write('f.txt', 'f\n')
  const { log, warned } = listening()
  const bridge = await a.synced(server.connect(), { log })
  server.before = (method) => {
    if (method === 'write') throw new EnsembleError('E_TOO_LARGE', 'no')
    return undefined
  }
  a.write('f.txt', 'refused\n')
  await until(() => bridge.stats.blocked.get('f.txt') === 'no')
  const { passes } = bridge
  await until(() => bridge.passes > passes + 2, 'two audits')
  await bridge.idle()
  expect(bridge.stats.blocked.get('f.txt')).toBe('no')
  expect(warned.filter((line) => line.includes('left out'))).toHaveLength(1)
  server.before = () => undefined
  a.write('f.txt', 'taken\n')
  await until(() => server.text('f.txt') === 'taken\n')
  await bridge.idle()
  expect(bridge.stats.blocked.size).toBe(0)
})

test('[PATH-1] a name that can’t be a path is told as left out, until it is renamed; an ignored one is not', async () => {
  if (process.platform !== 'linux') return
  const a = new Folder()
  a.write('back\\slash.txt', 'one\n')
  a.write('two\nlines.txt', 'two\n')
  a.write('fol\\der/in.txt', 'in\n')
  a.write('ign\\ored.log', 'ignored\n')
  a.write('node_modules/x\\y', 'never\n')
  a.write('.gitignore', '*.log\n')
  writeFileSync(Buffer.concat([Buffer.from(`${a.root}/caf`), Buffer.from([0xe9])]), 'Latin-1\n')
  const server = new FakeServer()
  const bridge = await a.synced(server.connect())
  expect(Object.fromEntries(bridge.stats.blocked)).toEqual({
    'back\\slash.txt': "its name can't be shared: it holds a back-slash",
    'two\\nlines.txt': "its name can't be shared: it holds a control character",
    'fol\\der/': "its name can't be shared: it holds a back-slash",
    'caf\uFFFD': "its name can't be shared: it is not UTF-8",
  })
  expect(Object.keys(server.texts())).toEqual(['.gitignore'])
  renameSync(a.of('back\\slash.txt'), a.of('slash.txt'))
  await until(() => server.text('slash.txt') === 'one\n' && bridge.stats.blocked.size === 3)
})
