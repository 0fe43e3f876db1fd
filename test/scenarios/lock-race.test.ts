/** Many processes race for few locks through a real server; some are killed while they hold one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startServer, TOKEN, type TestServer } from '../support/server.js'
import { lockedBy } from '../server/locks/lock-doors.js'

const RACER = fileURLToPath(new URL('../../dist/test/support/lock-racer.js', import.meta.url))
const PROCESSES = 50
const LOCKS = 20
const ROUNDS = 5

let server: TestServer
let folder: string
beforeEach(async () => {
  server = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'ensemble-race-'))
})
afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

/** @param ttl of each lock; a process that gets no turn on a busy machine for longer than that loses it, and should */
function race(name: number, rounds: number, ttl: number) {
  const args = [RACER, server.url, TOKEN, `CLAUDE-p${name}`, folder, String(LOCKS), String(rounds), String(ttl)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, errors }))
  return { child, ended }
}

test('[LOCK-1] 50 processes and 20 locks: never two holders, and everyone gets its turn', async () => {
  const racers = Array.from({ length: PROCESSES }, (_, name) => race(name, ROUNDS, 600))
  const ends = await Promise.all(racers.map(({ ended }) => ended))
  expect(ends.filter(({ code }) => code !== 0)).toEqual([])
  const watcher = await server.connect()
  expect(await watcher.request('locks', {})).toEqual({ locks: [], waiting: [] })
}, 120_000)

test('[LOCK-7] holders that are killed hold nobody up for longer than their time', async () => {
  const racers = Array.from({ length: 10 }, (_, name) => race(name, 1_000, 2))
  for (const { child } of racers) child.stdout.once('data', () => child.kill('SIGKILL'))
  await Promise.all(racers.map(({ ended }) => ended))
  for (const left of await readdir(folder)) await rmdir(join(folder, left))
  const ada = await server.connectAs('CODEX-ada')
  const all = Array.from({ length: LOCKS }, (_, at) => lockedBy(ada, `f${at}`, {}, { wait: 30 }))
  expect((await Promise.all(all)).map(({ outcome }) => outcome)).toEqual(all.map(() => 'granted'))
}, 120_000)
