import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Folder } from '../support/bridge-folder.js'
import { startServer, TOKEN } from '../support/server.js'
import { until } from '../support/wait.js'

const PROGRAM = fileURLToPath(new URL('../../dist/client/cli/connect-process.js', import.meta.url))
/** Something that nobody expected, when the test says so. */
const FAULT = "process.on('SIGUSR2', () => { void Promise.reject(new Error('nobody expected this')) })"

test('[BRIDGE-7] a folder’s process that an unexpected error ends says so in its log first', async () => {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const folder = new Folder()
  const args = { execArgv: ['--import', `data:text/javascript,${encodeURIComponent(FAULT)}`], silent: true }
  const child = fork(PROGRAM, [], args)
  onTestFinished(() => void child.kill('SIGKILL'))
  let isReady = false
  child.on('message', (message: { type: string }) => {
    isReady ||= message.type === 'ready'
  })
  const agent = { type: 'CLAUDE', instance: 'frontend', partition: null, roles: [] }
  child.send({ dir: folder.root, url: server.url, token: TOKEN, tokenFile: null, agent })
  await until(() => isReady, 'the folder to be in step')
  const ended = once(child, 'exit')
  child.kill('SIGUSR2')
  await ended
  expect(folder.read('.ensemble/connect.log')).toContain('nobody expected this')
})
