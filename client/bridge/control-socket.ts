/**
 * How a folder's bridge can be asked from outside of its process, and told what to do with what it holds: over a socket in
 * its own data folder, which only the owner can enter. It needs no server, so that it answers while that is away; and it is
 * there exactly as long as the process is, so that nobody waits for an answer that can't come.
 *
 * One line of JSON each way, then it is closed.
 */
import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { EnsembleError, isErrorCode, toEnsembleError } from '../../protocol/errors.js'
import { folderStatus, resumeChoice } from '../../protocol/folder.js'
import { problem } from '../../protocol/messages.js'
import type { Bridge } from './bridge.js'
import { resume, statusOf } from './folder-status.js'
import type { BridgeLog } from './ports.js'

const NAME = 'control'
/** Longer names are refused, or cut, by systems: 104 to 108 bytes, the last of them 0. */
const LONGEST_NAME = 100
/** Of a question, and of an answer with thousands of paths. In bytes. */
const MAX_LINE = 1024 * 1024
/** For an answer: all that is held may have to be read and put aside. In milliseconds. */
const PATIENCE = 60_000
/** Paths that one answer names. */
const MAX_PATHS = 1_000

const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('folder') }),
  z.object({ ask: z.literal('resume'), choice: resumeChoice }),
])
export type Question = z.infer<typeof question>

/** What a folder's process tells of it. */
export const folderReport = folderStatus.extend({
  /** Null: the folder that the server serves. */
  agentId: z.string().nullable(),
  pid: z.int(),
  state: z.enum(['starting', 'syncing', 'synced', 'offline', 'paused', 'closed']),
  files: z.int(),
  waiting: z.int(),
  /** Path → why it stays out of step; at most 1,000 of the `leftOut`. */
  blocked: z.record(z.string(), z.string()),
})
export type FolderReport = z.infer<typeof folderReport>

const resumed = z.object({ choice: resumeChoice, files: z.int(), kept: z.string().nullable() })

const answer = z.union([
  z.object({ folder: folderReport }),
  /** Null: nothing was held. */
  z.object({ resumed: resumed.nullable() }),
  z.object({ error: problem }),
])
export type Answer = z.infer<typeof answer>

export interface ControlOptions {
  readonly bridge: Bridge
  /** `.ensemble` of the folder; absolute. */
  readonly dataFolder: string
  readonly agentId: string | null
  readonly log: BridgeLog
}

/** Answers until it is closed. A system or a disk without such sockets costs a line in the log, and nothing else. */
export async function serveControl(options: ControlOptions): Promise<{ close(): Promise<void> }> {
  const { dataFolder, log } = options
  const place = placeOf(dataFolder)
  // Whoever bridges the folder has its lock: what stands here was left by a process that was killed.
  rmSync(place.name, { force: true })
  const server = createServer((socket) => void attend(socket, options))
  const failure = await listen(server, place.name)
  server.on('error', (error) => log.warn({ reason: String(error) }, 'the control socket failed'))
  if (failure !== undefined) log.warn({ reason: String(failure) }, 'no control socket: this folder can’t be asked')
  return {
    close: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()))
      place.close()
    },
  }
}

/**
 * Asks the process that keeps a folder in step.
 *
 * @param dataFolder `.ensemble` of the folder; absolute
 * @returns undefined if there is none
 * @throws EnsembleError what it says, or E_TIMEOUT
 */
export async function askControl(
  dataFolder: string,
  asked: Question,
): Promise<Exclude<Answer, { error: unknown }> | undefined> {
  let place: ReturnType<typeof placeOf>
  try {
    place = placeOf(dataFolder)
  } catch {
    return undefined // no such folder
  }
  try {
    const line = await exchange(place.name, `${JSON.stringify(asked)}\n`)
    if (line === undefined) return undefined
    const told = answer.parse(JSON.parse(line))
    if (!('error' in told)) return told
    const { code, message, hint, data } = told.error
    const known = isErrorCode(code) ? code : 'E_INTERNAL'
    throw new EnsembleError(known, message, {
      ...(hint !== undefined && { hint }),
      ...(data !== undefined && { data }),
    })
  } finally {
    place.close()
  }
}

async function attend(socket: Socket, options: ControlOptions): Promise<void> {
  socket.on('error', () => undefined) // whoever asked has gone
  const line = await readLine(socket)
  if (line === undefined) return
  const reply = await answerTo(line, options).catch((thrown: unknown): Answer => {
    const { code, message, hint, retry } = toEnsembleError(thrown)
    return { error: { code, message, retry, ...(hint !== undefined && { hint }) } }
  })
  socket.end(`${JSON.stringify(reply)}\n`)
}

async function answerTo(line: string, { bridge, agentId }: ControlOptions): Promise<Answer> {
  const asked = question.safeParse(parseJson(line))
  if (!asked.success) throw new EnsembleError('E_BAD_REQUEST', 'That is no question of this version.')
  if (asked.data.ask === 'resume') return { resumed: await resume(bridge, asked.data.choice) }
  const { state, stats } = bridge
  const blocked = Object.fromEntries([...stats.blocked].slice(0, MAX_PATHS))
  const { files, waiting } = stats
  return {
    folder: { ...statusOf(bridge), agentId, pid: process.pid, state: state.kind, files, waiting, blocked },
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Undefined: nobody listens there. */
async function exchange(name: string, line: string): Promise<string | undefined> {
  const socket = createConnection(name)
  const failure = new Promise<undefined>((resolve) => {
    socket.once('error', () => resolve(undefined))
  })
  const expiry = new Promise<never>((_, reject) => {
    socket.setTimeout(PATIENCE, () => {
      reject(new EnsembleError('E_TIMEOUT', 'The process that keeps this folder in step does not answer.'))
    })
  })
  socket.write(line)
  try {
    return await Promise.race([readLine(socket), failure, expiry])
  } finally {
    socket.destroy()
  }
}

/** Undefined: it ended before. */
async function readLine(socket: Socket): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (more: string) => {
      text += more
      const end = text.indexOf('\n')
      if (end !== -1) resolve(text.slice(0, end))
      else if (text.length > MAX_LINE) socket.destroy()
    })
    socket.on('close', () => resolve(undefined))
  })
}

async function listen(server: Server, name: string): Promise<Error | undefined> {
  return await new Promise((resolve) => {
    server.once('error', resolve)
    server.listen(name, () => {
      server.off('error', resolve)
      resolve(undefined)
    })
  })
}

/** A short name of the socket: Linux has one for every folder that is open. @throws where there is no such folder */
function placeOf(dataFolder: string): { readonly name: string; close(): void } {
  const whole = join(dataFolder, NAME)
  if (process.platform !== 'linux' || Buffer.byteLength(whole) <= LONGEST_NAME) {
    return { name: whole, close: () => undefined }
  }
  const folder = openSync(dataFolder, constants.O_RDONLY | constants.O_DIRECTORY)
  let isOpen = true
  return {
    name: `/proc/self/fd/${folder}/${NAME}`,
    close: () => {
      if (isOpen) closeSync(folder)
      isOpen = false
    },
  }
}
