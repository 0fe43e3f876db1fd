import { expect, it, onTestFinished } from 'vitest'
import { startServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { lockedBy } from './lock-doors.js'

it('[SYNC-15] one who waits for many locks at once leaves no listener behind, and no warning of too many', async () => {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const [ada, bob] = [await server.connectAs('CLAUDE-ada'), await server.connectAs('CODEX-bob')]
  const paths = Array.from({ length: 12 }, (_, n) => `locked-${n}.ts`)
  for (const path of paths) await lockedBy(ada, path)
  const waiting = Promise.allSettled(paths.map((path) => lockedBy(bob, path, {}, { wait: 60 })))
  await until(async () => (await ada.request('locks', {})).waiting.length === paths.length, 'all of them wait')
  await bob.request('leave', {})
  await until(async () => (await ada.request('locks', {})).waiting.length === 0, 'none of them waits')
  await bob.close()
  await waiting
  expect(warnings).toEqual([])
})
