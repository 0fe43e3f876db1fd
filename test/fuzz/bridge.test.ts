/**
 * Two folders, a server, and everything that may happen to them, in any order. Every write inserts a line of its own, so
 * that afterwards each can be looked for.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bridge } from '../../client/bridge/bridge.js'
import { FakeServer, type FakeConnection } from '../support/bridge-fake-server.js'
import { Folder } from '../support/bridge-folder.js'
import { until } from '../support/wait.js'

const PATHS = ['f.txt', 'dir/g.txt', 'dir/sub/h.txt']
const START = Array.from({ length: 12 }, (_, line) => `line ${line}`).join('\n')

const which = fc.constantFrom(0, 1)
const path = fc.constantFrom(...PATHS)
const target = fc.constantFrom(...PATHS, 'moved.txt', 'other/moved.txt')
const line = fc.nat({ max: 11 })
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('write' as const), which, path, line }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('rename' as const), which, path, line }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('move' as const), which, path, to: target }) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('edit' as const), path, line }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('pause' as const), milliseconds: fc.nat({ max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('break' as const), which }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('connect' as const), which }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const), which }) },
)
const deletion = fc.oneof(
  fc.record({ what: fc.constant('delete' as const), which, path }),
  fc.record({ what: fc.constant('remove' as const), path }),
)
type Step =
  | { what: 'write' | 'rename'; which: number; path: string; line: number }
  | { what: 'move'; which: number; path: string; to: string }
  | { what: 'edit'; path: string; line: number }
  | { what: 'pause'; milliseconds: number }
  | { what: 'break' | 'connect' | 'restart'; which: number }
  | { what: 'delete'; which: number; path: string }
  | { what: 'remove'; path: string }

interface Side {
  readonly folder: Folder
  connection: FakeConnection
  bridge: Bridge
}

async function play(steps: readonly Step[]) {
  const server = new FakeServer()
  for (const name of PATHS) server.edit(name, START)
  const sides: Side[] = []
  for (let side = 0; side < 2; side++) {
    const folder = new Folder()
    const connection = server.connect()
    sides.push({ folder, connection, bridge: await folder.synced(connection) })
  }
  const markers = new Set<string>()
  const insert = (text: string, at: number): string => {
    const marker = `marker ${markers.size};`
    markers.add(marker)
    const all = text.split('\n')
    all.splice(Math.min(at, all.length), 0, marker)
    return all.join('\n')
  }
  const run = async (step: Step): Promise<void> => {
    const side = 'which' in step ? sides[step.which] : undefined
    switch (step.what) {
      case 'write':
      case 'rename': {
        const { folder } = side!
        const text = insert(folder.read(step.path) ?? START, step.line)
        if (step.what === 'write') return folder.write(step.path, text)
        folder.write('.ensemble/saved', text)
        folder.write(`${step.path}.made`, '') // makes the folder too
        rmSync(folder.of(`${step.path}.made`))
        return renameSync(folder.of('.ensemble/saved'), folder.of(step.path))
      }
      case 'move': {
        const { folder } = side!
        if (folder.read(step.path) === undefined || folder.read(step.to) !== undefined) return
        mkdirSync(dirname(folder.of(step.to)), { recursive: true })
        return renameSync(folder.of(step.path), folder.of(step.to))
      }
      case 'edit':
        server.edit(step.path, insert(server.text(step.path) ?? START, step.line))
        return
      case 'pause':
        return pause(step.milliseconds)
      case 'break':
        return side!.connection.break()
      case 'connect':
        if (side!.connection.state.kind !== 'live') side!.connection.goLive()
        return
      case 'restart':
        await side!.bridge.close()
        side!.connection = server.connect()
        side!.bridge = await side!.folder.bridge(side!.connection)
        return
      case 'delete':
        return rmSync(side!.folder.of(step.path), { force: true })
      case 'remove':
        if (server.text(step.path) !== undefined) server.remove(step.path)
    }
  }
  for (const step of steps) await run(step)
  for (const { connection } of sides) if (connection.state.kind !== 'live') connection.goLive()
  const isEqual = (): boolean => {
    const texts = JSON.stringify(server.texts())
    return sides.every(({ folder }) => JSON.stringify(folder.texts()) === texts)
  }
  await until(async () => {
    for (const { bridge } of sides) await bridge.idle()
    return isEqual()
  }, 'both folders to be what the server has')
  for (const { bridge } of sides) await bridge.close()
  expect(isEqual()).toBe(true)
  return { server, markers }
}

/** Within one file: what was moved before the bridge had ever seen it, and edited elsewhere meanwhile, may be in two. */
function doubled(server: FakeServer, markers: ReadonlySet<string>): string[] {
  const texts = Object.values(server.texts())
  return [...markers].filter((marker) => texts.some((text) => text.split(marker).length > 2))
}

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 12), endOnFailure: true }

test('[BRIDGE-1, BRIDGE-2, BRIDGE-11] every edit is in the file once, or in a conflict, and all come to rest', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 50 }), async (steps) => {
      const { server, markers } = await play(steps)
      const live = Object.values(server.texts()).join('\n')
      const held = server.conflicts.map(({ theirs }) => theirs ?? '').join('\n')
      const lost = [...markers].filter((marker) => !live.includes(marker) && !held.includes(marker))
      expect(lost).toEqual([])
      expect(doubled(server, markers)).toEqual([])
    }),
    runs,
  )
})

test('[BRIDGE-2, BRIDGE-11] with deletions on every side, no edit is there twice, and all come to rest', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 8, arbitrary: operation }, { weight: 1, arbitrary: deletion }), {
        minLength: 5,
        maxLength: 50,
      }),
      async (steps) => {
        const { server, markers } = await play(steps)
        expect(doubled(server, markers)).toEqual([])
      },
    ),
    runs,
  )
})
