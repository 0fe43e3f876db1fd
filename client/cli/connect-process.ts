/**
 * The process of `ensemble connect --background`. It gets its order over the IPC channel, tells its progress there, then that
 * it is in step or why not; after that it goes on by itself until SIGTERM, or until the server ends the session for good.
 */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { openAgentFolder, type AgentFolder } from './agent-folder.js'
import { describe } from './commands/connect.js'
import { openConnectLog } from './connect-log.js'
import { DATA_FOLDER } from './data-folder.js'
import { exitCodeOf } from './fault.js'
import { connectOrder, type Report } from './reports.js'
import { nextSignal } from './signals.js'

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

/** The folder's log; opened for the moment, by one who has no other way to say something. */
function logOf(dir: string): Logger {
  return openConnectLog(join(dir, DATA_FOLDER))
}

async function run(raw: unknown): Promise<number> {
  const order = connectOrder.parse(raw)
  process.on('uncaughtExceptionMonitor', (error) => {
    logOf(order.dir).fatal({ err: error }, 'This process ends because of an error that nobody caught.')
  })
  const startedAt = performance.now()
  const asked = nextSignal()
  let folder: AgentFolder | undefined
  try {
    const opened = await openAgentFolder({ ...order, onProgress: (step) => report({ type: 'progress', ...step }) })
    folder = opened
    const outcome = await Promise.race([opened.synced(), asked.signal])
    if (outcome !== undefined) return 0
    report({ type: 'ready', info: describe(opened, order.url, performance.now() - startedAt) })
    const end = await Promise.race([asked.signal, opened.ended])
    return end instanceof EnsembleError ? exitCodeOf(end.code) : 0
  } catch (thrown) {
    const { code, message, hint, retry, data, cause } = toEnsembleError(thrown)
    const details = cause instanceof Error ? { details: (cause.stack ?? cause.message).split('\n') } : {}
    report({ type: 'failed', problem: { code, message, retry, data: { ...data, ...details }, ...(hint && { hint }) } })
    return exitCodeOf(code)
  } finally {
    asked.dispose()
    // What was not sent by now is sent by the next life; the exit code says how this one went.
    await folder?.leave().catch((thrown: unknown) => {
      logOf(order.dir).error({ err: thrown }, 'The folder could not be left in order.')
    })
  }
}

process.once('message', (raw: unknown) => {
  void run(raw).then((code) => {
    process.exitCode = code
    if (process.connected) process.disconnect()
  })
})
