/**
 * The server's process. Started by `ensemble server start`, to which it tells its progress over IPC.
 *
 *   node dist/server/main.js --workspace DIR [--port 9999] [--host 127.0.0.1] [--log FILE] [--attached]
 *
 * `--attached`: it stops when whoever started it is gone.
 *
 * It is the one place that imports both sides: the served folder is bridged by the same code as any agent's.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Logger } from 'pino'
import { openBridge } from '../client/bridge/bridge.js'
import { serveControl } from '../client/bridge/control-socket.js'
import { statusOf } from '../client/bridge/folder-status.js'
import { EnsembleError, toEnsembleError } from '../protocol/errors.js'
import { assemble, type Ensemble } from './assemble.js'
import { loadToken } from './auth/token.js'
import { loadConfig } from './config.js'
import { collectGarbage } from './garbage.js'
import { locksFilePlace } from './locks-file-place.js'
import { createLog } from './log.js'
import { portFault } from './port.js'
import { REAL_TIMERS } from './real-time.js'
import { forgetServer, rememberServer, serverOnPort } from './server-file.js'
import { withDeadline } from './storage/commit-queue.js'
import { openDataFolder } from './storage/data-folder.js'
import { openEmbeddedStorage } from './storage/embedded.js'
import { problemOf } from './sync/session.js'
import { stopInOrder, type Stopped } from './stop.js'
import { VERSION } from './version.js'
import { checkWorkspace } from './workspace.js'

/** How long a stop may take, in milliseconds: what waits is stored by then, or is named. */
const STOP_DEADLINE = 8_000
/** How long the folder may take before that to be in step, in milliseconds: somebody may go on typing. */
const LAST_WRITES = 2_000

interface Arguments {
  readonly workspace: string
  readonly port: number
  readonly host: string
  readonly log: string | undefined
  readonly attached: boolean
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      workspace: { type: 'string' },
      port: { type: 'string', default: '9999' },
      host: { type: 'string', default: '127.0.0.1' },
      log: { type: 'string' },
      attached: { type: 'boolean', default: false },
    },
  })
  const port = Number(values.port)
  if (values.workspace === undefined) throw new EnsembleError('E_USAGE', 'No --workspace was given.')
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new EnsembleError('E_USAGE', `--port ${values.port} is no port; ports are 0 to 65535.`)
  }
  return { workspace: values.workspace, port, host: values.host, log: values.log, attached: values.attached }
}

type Report =
  | { readonly type: 'progress'; readonly phase: string; readonly done: number; readonly total: number }
  | { readonly type: 'ready'; readonly info: Readonly<Record<string, unknown>> }
  | { readonly type: 'failed'; readonly problem: ReturnType<typeof problemOf> }

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

async function start(args: Arguments): Promise<void> {
  const startedAt = performance.now()
  const undo: (() => Promise<unknown>)[] = []
  // From the first moment: whoever started it may go while it is still starting, and nobody tells of that twice.
  const orphaned = args.attached ? launcherGone() : new Promise<never>(() => undefined)
  try {
    await serve(args, startedAt, orphaned, undo)
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined) // why the start failed is what counts
    throw error
  }
}

/** Resolves when the process that started this one, over a channel, is gone, or has let it go. */
function launcherGone(): Promise<unknown> {
  const isGone = process.send !== undefined && !process.connected
  return isGone ? Promise.resolve() : once(process, 'disconnect')
}

async function serve(
  args: Arguments,
  startedAt: number,
  orphaned: Promise<unknown>,
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  const workspace = await checkWorkspace(args.workspace)
  const config = await loadConfig(workspace)
  const folder = await openDataFolder(workspace, { now: Date.now })
  undo.push(() => folder.close())
  const log = createLog(args.log)
  process.on('uncaughtExceptionMonitor', (error) => {
    log.fatal({ err: error }, 'The server ends because of an error that nobody caught.')
  })
  const tokenFile = join(folder.dir, 'token')
  const token = await loadToken(tokenFile)
  let onDeleted: () => void = () => undefined
  const deleted = new Promise<void>((resolve) => (onDeleted = resolve))
  const storage = await openEmbeddedStorage({
    dir: folder.databaseDir,
    onDeleted: (place) => {
      log.fatal(
        { place },
        'The data folder was deleted; the database is put back, and the server ends: start it again.',
      )
      // With it those who are connected come back by themselves; without, the next start makes another one.
      void writeFile(tokenFile, `${token}\n`, { flag: 'wx', mode: 0o600 }).catch(() => undefined)
      onDeleted()
    },
  })
  undo.push(() => storage.close())
  const ensemble = await assemble({
    ...{ storage, config, log, version: VERSION, workspace, host: args.host, token },
    dashboardDir: fileURLToPath(new URL('../dashboard', import.meta.url)),
    locksFile: locksFilePlace(workspace),
    mergeThread: new URL('./documents/merge-thread.js', import.meta.url),
    symbolsThread: new URL('./symbols/symbols-thread.js', import.meta.url),
  })
  undo.push(() => ensemble.close(STOP_DEADLINE))
  const port = await listen(ensemble, args)
  const url = `http://${addressFor(args.host)}:${port}`
  await folder.announce(url)

  const bridge = await openBridge({
    ...{ dir: workspace, isServed: true, connection: ensemble.folder, log },
    ...{ config: { ...config.bridge, fileBytes: config.limits.fileBytes } },
    onProgress: ({ phase, done, total }) => {
      report({ type: 'progress', phase, done, total })
    },
  })
  undo.push(() => bridge.close())
  const control = await serveControl({ bridge, dataFolder: folder.dir, agentId: null, log })
  undo.push(() => control.close())
  await bridge.synced()
  collectGarbage()
  ensemble.ready(() => statusOf(bridge))
  const forget = await rememberServer({ port, url, workspace, tokenFile, workspaceId: ensemble.workspaceId })
  undo.push(() => forgetServer(forget))

  stopWhenAsked(log, { disconnect: orphaned, deleted }, () =>
    stopInOrder({
      sources: [
        () => forgetServer(forget),
        () => control.close(),
        // A path that rests has its newest text on disk before the server is gone; what is paused stays so.
        async () => bridge.state.kind === 'syncing' && withDeadline(bridge.finish(), LAST_WRITES, REAL_TIMERS),
        () => bridge.close(),
      ],
      store: () => ensemble.close(STOP_DEADLINE),
      ground: [() => storage.close(), () => folder.close()],
    }),
  )
  const readyMilliseconds = Math.round(performance.now() - startedAt)
  const { files } = ensemble.status()
  const inStep = statusOf(bridge)
  log.info({ url, workspace, files, readyMilliseconds, paused: inStep.paused ?? undefined }, 'ready')
  const exposed = exposedAddresses(args.host, port)
  report({
    type: 'ready',
    info: {
      ...{
        url,
        dashboard: `${url}/#code=${ensemble.links.make('write').code}`,
        pid: process.pid,
        workspace,
        dataDir: folder.dir,
        tokenFile,
      },
      ...{ files, folder: inStep, readyMilliseconds, exposed },
    },
  })
}

async function listen({ server }: Ensemble, { port, host }: Arguments): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening').catch(async (error: unknown) => {
    throw await portFault(error, host, port, serverOnPort)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function addressFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** Every address at which others can reach the server, for whoever opened it to the network. */
function exposedAddresses(host: string, port: number): string[] {
  if (host !== '0.0.0.0' && host !== '::') return []
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || host === '::'))
    .map(({ address, family }) => `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`)
}

/** @param reasons to stop, besides signals, each a promise that resolves when it is there */
function stopWhenAsked(
  log: Logger,
  reasons: Readonly<Record<string, Promise<unknown>>>,
  stopping: () => Promise<Stopped>,
): void {
  let begun = false
  const onAsked = (reason: string): void => {
    if (begun) return
    begun = true
    void stopping().then(({ lost, faults }) => {
      for (const fault of faults) log.error({ err: fault }, 'A part of the server could not be closed.')
      // `ensemble server stop` reads these lines: nobody else can be told any more.
      if (lost === undefined) log.error({ lost: null }, 'Stopped; what waited may not be stored.')
      else if (lost.rows > 0) {
        const { rows, documents, reason: trouble } = lost
        log.error({ lost: { rows, documents, code: trouble?.code } }, 'Stopped; some changes could not be stored.')
      } else log.info({ reason }, 'stopped')
      process.exit(lost?.rows === 0 && faults.length === 0 ? 0 : 1)
    })
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onAsked)
  for (const [reason, given] of Object.entries(reasons)) {
    void given.then(() => {
      onAsked(reason)
    })
  }
}

try {
  await start(readArguments())
} catch (thrown) {
  const error = toEnsembleError(thrown)
  if (process.connected) {
    const problem = problemOf(error)
    // Unlike a client over the network, whoever started this may see where it went wrong.
    const details = error.code === 'E_INTERNAL' && thrown instanceof Error ? thrown.stack?.split('\n') : undefined
    report({ type: 'failed', problem: details === undefined ? problem : { ...problem, data: { details } } })
  } else createLog().fatal({ code: error.code, hint: error.hint, err: error.cause }, error.message)
  process.exitCode = 1
  if (process.connected) process.disconnect()
}
