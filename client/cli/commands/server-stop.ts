/** `ensemble server stop`: asks the server's process to end, and waits until it has. */
import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { EnsembleError } from '../../../protocol/errors.js'
import type { Context } from '../context.js'
import { DATA_FOLDER, holderOf, SERVER_LOG } from '../data-folder.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findEndpoint, runningServers } from '../find-server.js'
import { endProcess } from '../process.js'

export interface ServerStopOptions {
  readonly workspace?: string
  readonly port?: number
  readonly url?: string
  readonly json?: boolean
}

/** A server takes up to 8 s to store what waits. In milliseconds. */
const PATIENCE = 15_000
/** For a look at how it is. In milliseconds. */
const LOOK = 1_000
/** Of its log, in bytes. */
const LAST_LINES = 256 * 1024
/** Documents named in a sentence; all of them are in its data. */
const NAMED = 10

export async function serverStop(options: ServerStopOptions, context: Context): Promise<ExitCode> {
  const { print } = context
  const workspace = await workspaceToStop(options, context)
  const holder = await holderOf(workspace)
  if (holder === undefined) throw nothingRuns(`No server holds ${workspace}.`)
  if (!holder.isHere) {
    throw new EnsembleError('E_USAGE', `The server of ${workspace} runs on another machine.`, {
      hint: 'Stop it there.',
    })
  }
  const failed = await storageFails(holder.url)
  const askedAt = Date.now()
  await endProcess(holder.pid, holder.started, PATIENCE, `The server of ${workspace}`)
  const lost = await lostOf(join(workspace, DATA_FOLDER, SERVER_LOG), askedAt, failed)
  if (lost !== undefined) throw notStored(`The server of ${workspace} (process ${holder.pid})`, lost)
  if (options.json === true) {
    print.json({
      schema: 'ensemble.server-stopped/1',
      stopped: true,
      pid: holder.pid,
      workspace,
      url: holder.url ?? null,
    })
  } else print.say(`Stopped the server of ${workspace} (process ${holder.pid}).`)
  return EXIT.ok
}

/** Whether its storage failed when it was asked to stop; false also where it does not say. */
async function storageFails(url: string | undefined): Promise<boolean> {
  if (url === undefined) return false
  try {
    const answer = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(LOOK) })
    return z.object({ state: z.string() }).parse(await answer.json()).state === 'degraded'
  } catch {
    return false // it hangs, or is ending already: its log tells
  }
}

/** Its last word (server/main.ts). */
const lastWord = z.object({
  time: z.number(),
  lost: z.object({ rows: z.number(), documents: z.array(z.string()) }).nullable(),
})
type Lost = z.infer<typeof lastWord>['lost']

/** What a server that has ended could not store; null: it is not known what. Undefined: nothing, as far as is known. */
async function lostOf(log: string, since: number, failed: boolean): Promise<Lost | undefined> {
  for (const line of (await endOf(log)).split('\n').reverse()) {
    if (line.trim() === '') continue
    try {
      const word = lastWord.safeParse(JSON.parse(line))
      if (word.success && word.data.time >= since) return word.data.lost
    } catch {
      continue // the first line is cut
    }
  }
  // A disk that is full takes no last word either.
  return failed ? null : undefined
}

async function endOf(file: string): Promise<string> {
  try {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      const buffer = Buffer.alloc(Math.min(size, LAST_LINES))
      await handle.read(buffer, 0, buffer.length, size - buffer.length)
      return buffer.toString()
    } finally {
      await handle.close()
    }
  } catch {
    return '' // there is none, or it can't be read
  }
}

function notStored(server: string, lost: Lost): EnsembleError {
  const what =
    lost === null
      ? 'its storage failed, and what it had taken since may not be stored'
      : `${lost.rows} rows could not be stored${lost.documents.length === 0 ? '' : `, of ${listed(lost.documents)}`}`
  return new EnsembleError('E_STORAGE_DEGRADED', `${server} is stopped, but ${what}.`, {
    hint: 'What it had confirmed is stored. Folders still have what was not; make room on the disk, then start the server.',
    data: { documents: lost?.documents ?? null },
  })
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ')
}

async function workspaceToStop({ workspace, port, url }: ServerStopOptions, context: Context): Promise<string> {
  if (workspace !== undefined) return resolve(context.cwd, workspace)
  if (port !== undefined) {
    const found = (await runningServers(context.env)).find((server) => new URL(server.url).port === String(port))
    if (found?.workspace == null) throw nothingRuns(`No Ensemble server runs on port ${port} of this machine.`)
    return found.workspace
  }
  const server = await findEndpoint({ url }, context).catch((thrown: unknown) => {
    const isNone = thrown instanceof EnsembleError && thrown.code === 'E_UNREACHABLE'
    throw isNone ? nothingRuns(thrown.message) : thrown
  })
  if (server.workspace !== null) return server.workspace
  throw nothingRuns(`No Ensemble server of this machine is known at ${server.url}.`)
}

function nothingRuns(message: string): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', message, { hint: 'There is nothing to stop.' })
}
