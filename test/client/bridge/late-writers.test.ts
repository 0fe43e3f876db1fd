import { closeSync, linkSync, mkdirSync, openSync, readdirSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BaseStore } from '../../../client/bridge/base-store.js'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { Holders } from '../../../client/bridge/holders.js'
import { LateWriters } from '../../../client/bridge/late-writers.js'
import { Places } from '../../../client/bridge/places.js'
import type { Environment } from '../../../client/bridge/ports.js'
import { hashOf } from '../../../client/bridge/reader.js'
import { EnsembleError } from '../../../protocol/errors.js'
import type { FileHead } from '../../../protocol/files.js'
import { workspacePath } from '../../../protocol/paths.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { ManualClock } from '../../support/manual-clock.js'
import { until } from '../../support/wait.js'

const LINES = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('')

async function replaced(path: string, text: string, flags: string) {
  const server = new FakeServer()
  const a = new Folder()
  a.write(path, text)
  const bridge = await a.synced(server.connect())
  const file = openSync(a.of(path), flags)
  onTestFinished(() => closeSync(file))
  server.edit(path, `by another\n${text}`)
  await a.holds(path, `by another\n${text}`)
  return { server, a, bridge, file }
}

describe('[BRIDGE-1] a program keeps a file open that the bridge has replaced', () => {
  test('and every line that it appends is taken in, once', async () => {
    const { server, a, bridge, file } = await replaced('log.txt', 'start\n', 'a')
    let text = 'by another\nstart\n'
    for (let line = 0; line < 12; line++) {
      writeSync(file, `line ${line}\n`)
      text += `line ${line}\n`
      await a.holds('log.txt', text)
    }
    await bridge.idle()
    expect(server.text('log.txt')).toBe(text)
    expect(server.conflicts).toEqual([])
  })

  test('and goes on after its bridge was closed and opened again', async () => {
    const { server, a, bridge, file } = await replaced('log.txt', 'start\n', 'a')
    writeSync(file, 'first late\n')
    await a.holds('log.txt', 'by another\nstart\nfirst late\n')
    await bridge.close()
    writeSync(file, 'second late\n')
    await a.synced(server.connect())
    await a.holds('log.txt', 'by another\nstart\nfirst late\nsecond late\n')
    writeSync(file, 'third late\n')
    await a.holds('log.txt', 'by another\nstart\nfirst late\nsecond late\nthird late\n')
    expect(server.conflicts).toEqual([])
  })

  test('and what the server refuses of it is kept in that file', async () => {
    const { server, a, bridge, file } = await replaced('log.txt', LINES, 'a')
    let refusals = 0
    server.before = (method, params) => {
      if (method !== 'write' || !JSON.stringify(params).includes('first late')) return undefined
      refusals++
      throw new EnsembleError('E_TOO_LARGE', 'no')
    }
    writeSync(file, 'first late\n')
    await until(() => refusals === 1, 'the refusal')
    await bridge.idle()
    const [kept] = readdirSync(a.of('.ensemble/bridge/holding'))
    expect(a.read(`.ensemble/bridge/holding/${kept}`)).toBe(`${LINES}first late\n`)
  })
})

const MINUTE = 60_000

/** Old inodes, and what watches them, by a clock of the test's. @param life how long each stood in its place */
function watched({ life = MINUTE, isHeld = false } = {}) {
  const folder = new Folder()
  const holding = folder.of('holding')
  mkdirSync(holding)
  const clock = new ManualClock(Date.now() + life)
  const environment: Environment = {
    ...SYSTEM,
    now: clock.now,
    elapsed: clock.elapsed,
    timers: {
      after: (milliseconds, run) => {
        const timer = clock.timers.setTimeout(run, milliseconds)
        return () => clock.timers.clearTimeout(timer)
      },
      yield: () => Promise.resolve(),
    },
  }
  const store = new BaseStore({ dir: folder.of('data'), timers: SYSTEM.timers, onFailure: () => undefined })
  const found: string[] = []
  const errors: object[] = []
  const skip = (): void => undefined
  const late = new LateWriters({
    ...{
      places: new Places(folder.root),
      store,
      environment,
      isHeld: () => Promise.resolve(isHeld),
      onLate: (path) => void found.push(path),
    },
    log: { debug: skip, info: skip, warn: skip, error: (facts) => void errors.push(facts) },
  })
  onTestFinished(async () => {
    late.close()
    await store.close()
  })
  const path = workspacePath.parse('f.txt')
  const place = async (id: string, content = LINES): Promise<string> => {
    const file = join(holding, `${id}.old`)
    writeFileSync(file, content)
    const old = {
      file: `holding/${id}.old`,
      version: { rev: 1, hash: hashOf(Buffer.from(content)) },
      executable: false,
      sending: null,
    }
    const row = { path, from: null, phase: 'placed', temporary: null, inode: null, next: null, old } as const
    await store.commit([{ table: 'intents', key: id, row }])
    late.watch(id)
    return file
  }
  /** Seconds pass, and files are read and rows stored meanwhile. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000)
      await store.commit([])
    }
  }
  return { folder, holding, clock, store, late, found, errors, place, pass, path }
}

const head = (text: string): FileHead => {
  const server = new FakeServer()
  return server.edit('f.txt', text)
}

describe('an old inode', () => {
  test('[BRIDGE-1] is read again when a slow writer goes on after seconds, or minutes', async () => {
    const { late, found, place, pass } = watched()
    const file = await place('1')
    await pass(2)
    expect(found).toEqual([])
    writeFileSync(file, `${LINES}more\n`)
    await pass(3)
    expect(found).toEqual(['f.txt'])
    for await (const edit of late.edits('f.txt')) {
      expect(edit.base.hash).toBe(hashOf(Buffer.from(LINES)))
      await late.done(edit, head('merged\n'))
    }
    await pass(300)
    expect(found).toEqual(['f.txt'])
    writeFileSync(file, `${LINES}more\nand more\n`)
    await pass(61)
    expect(found).toEqual(['f.txt', 'f.txt'])
    for await (const edit of late.edits('f.txt')) {
      expect(edit.base).toEqual({ rev: 0, hash: hashOf(Buffer.from(`${LINES}more\n`)) })
    }
  })

  test('is given up after ten minutes in which nobody wrote', async () => {
    const { holding, store, place, pass, clock } = watched()
    await place('1')
    await pass(590)
    expect(readdirSync(holding)).toEqual(['1.old'])
    await pass(70)
    expect(readdirSync(holding)).toEqual([])
    expect(store.intents.size).toBe(0)
    expect(clock.waiting).toEqual([])
  })

  test('is given up after ten seconds if it stood in its place for a moment only', async () => {
    const { holding, place, pass } = watched({ life: 5 })
    await place('1')
    await pass(9)
    expect(readdirSync(holding)).toEqual(['1.old'])
    await pass(7)
    expect(readdirSync(holding)).toEqual([])
  })

  test('[BRIDGE-1] is not given up while a process is seen to hold it', async () => {
    const { holding, found, place, pass } = watched({ life: 5, isHeld: true })
    const file = await place('1')
    await pass(1200)
    expect(readdirSync(holding)).toEqual(['1.old'])
    writeFileSync(file, `${LINES}more\n`)
    await pass(61)
    expect(found).toEqual(['f.txt'])
  })

  test('of which there are thousands, or many bytes, is given up early', async () => {
    const { holding, place, pass } = watched()
    await place('large', 'x'.repeat(65 * 1024 * 1024))
    await place('small')
    await pass(2)
    await until(() => readdirSync(holding).length === 1, 'one to be given up') // reading it takes a while
    expect(readdirSync(holding)).toEqual(['small.old'])
  })

  test('that is a file under another name too is looked at once', async () => {
    const { folder, holding, store, late, found, pass, path } = watched()
    folder.write('holding/1.old', LINES)
    linkSync(folder.of('holding/1.old'), folder.of('two.txt'))
    const version = { rev: 1, hash: hashOf(Buffer.from(LINES)) }
    const old = { file: 'holding/1.old', version, executable: false, sending: null }
    const row = { path, from: null, phase: 'placed', temporary: null, inode: null, next: null, old } as const
    await store.commit([{ table: 'intents', key: '1', row }])
    late.watch('1')
    await pass(2)
    folder.write('two.txt', 'its own\n')
    await pass(60)
    expect(found).toEqual([])
    expect(readdirSync(holding)).toEqual([])
  })

  test('[BRIDGE-7] is sent as it was, under the same id, if nobody knows whether it arrived', async () => {
    const { late, found, place, pass } = watched()
    const file = await place('1')
    writeFileSync(file, `${LINES}more\n`)
    await pass(2)
    expect(found).toEqual(['f.txt'])
    const edits = []
    for await (const edit of late.edits('f.txt')) edits.push(edit)
    writeFileSync(file, `${LINES}more\nand more\n`)
    for await (const edit of late.edits('f.txt')) edits.push(edit)
    expect(edits).toHaveLength(2)
    expect(edits[1]).toEqual(edits[0])
  })

  test('that can’t be looked at or removed ends nobody: it is said once, and tried again', async () => {
    const { holding, place, pass, errors } = watched({ life: 5 })
    const file = await place('1')
    await pass(2)
    // As a folder without the right to write in it, for root too.
    renameSync(file, `${file}.away`)
    mkdirSync(join(file, 'x'), { recursive: true })
    await pass(200)
    expect(errors).toHaveLength(1)
    expect(readdirSync(holding)).toHaveLength(2)
  })
})

test('a process that holds a file is seen, on Linux, and one that let go of it is not', async () => {
  if (process.platform !== 'linux') return
  const folder = new Folder()
  folder.write('f.txt', LINES)
  const file = openSync(folder.of('f.txt'), 'a')
  folder.write('swap', 'other\n')
  linkSync(folder.of('f.txt'), folder.of('old'))
  renameSync(folder.of('swap'), folder.of('f.txt'))
  const holders = new Holders(folder.root, SYSTEM)
  expect(await holders.isHeld(folder.of('old'), SYSTEM.elapsed())).toBe(true)
  expect(await holders.isHeld(folder.of('f.txt'), 0)).toBe(false)
  closeSync(file)
  expect(await holders.isHeld(folder.of('old'), SYSTEM.elapsed())).toBe(false)
})
