import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedStorage } from '../../server/storage/embedded.js'
import { rowsUnder } from '../../server/storage/keys.js'
import type { Storage } from '../../server/storage/storage.js'

const PROGRAM = fileURLToPath(new URL('../../dist/test/support/storage-process.js', import.meta.url))

let dir: string
const started = new Set<ChildProcess>()

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-process-'))
})

afterEach(async () => {
  for (const child of started) await kill(child)
  await rm(dir, { recursive: true })
})

/** Starts the program and hands each line that it says to `onLine`. */
function start(what: string, onLine: (line: string, child: ChildProcess) => void, wrap: string[] = []): ChildProcess {
  const [command, ...args] = [...wrap, process.execPath, PROGRAM, what, dir]
  const child = spawn(command ?? process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  started.add(child)
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line, child))
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  started.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

function numbersIn(storage: Storage, table: string): number[] {
  return [...storage.range(rowsUnder([table]))].map(({ key }) => Number(key[1]))
}

test('[STORE-1, STORE-2] a process is killed at any moment: all that it said was stored is there, whole, and a prefix', async () => {
  let before = -1
  await fc.assert(
    fc.asyncProperty(fc.noBias(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 400 }))), async (lines) => {
      let said = before
      let left = lines
      const child = start('write', (line, own) => {
        if (line !== 'open') said = Math.max(said, Number(line.replace('stored ', '')))
        if (left-- === 0) own.kill('SIGKILL')
      })
      await once(child, 'close')
      started.delete(child)
      expect(child.signalCode).toBe('SIGKILL')
      const storage = await openEmbeddedStorage({ dir })
      const numbers = numbersIn(storage, 'a')
      expect(numbers).toEqual(numbers.map((_, n) => n))
      expect(numbers.length).toBeGreaterThan(said)
      expect(numbersIn(storage, 'b')).toEqual(numbers)
      expect(numbersIn(storage, 'window')).toEqual(numbers.slice(-100))
      await storage.close()
      before = numbers.length - 1
    }),
    { numRuns: 40, endOnFailure: true },
  )
  expect(before).toBeGreaterThan(1_000)
})

test('[STORE-7] of several servers that start at once in a workspace one holds it, and one of several more after it was killed', async () => {
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => {
        return new Promise<{ line: string; child: ChildProcess }>((resolve) => {
          start('hold', (line, child) => resolve({ line, child }))
        })
      }),
    )
    expect(answers.map(({ line }) => line).sort()).toEqual([
      'E_WORKSPACE_BUSY',
      'E_WORKSPACE_BUSY',
      'E_WORKSPACE_BUSY',
      'held',
    ])
    for (const { child } of answers) await kill(child) // kill -9 of the holder: its lock stays behind
  }
})

const PRLIMIT = '/usr/bin/prlimit'

test.skipIf(!existsSync(PRLIMIT))(
  'when the disk is full the process lives, says so, and stores all of it once there is room',
  async () => {
    const lines: string[] = []
    const child = start(
      'fill',
      (line, own) => {
        lines.push(line)
        if (line.startsWith('degraded') && own.pid !== undefined) {
          execFileSync(PRLIMIT, ['--fsize=unlimited', '--pid', String(own.pid)])
        }
      },
      [PRLIMIT, '--fsize=3000000:unlimited'],
    )
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(0)
    // The limit is the process's own: the disk has room, and lmdb tells of a short write only that it failed.
    expect(lines[0]).toBe('degraded E_STORAGE_DEGRADED')
    expect(lines.at(-2)).toBe('ok')
    expect(lines.at(-1)).toMatch(/^stored (\d+) of \1$/)
  },
)
