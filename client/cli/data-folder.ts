/**
 * What stands in `.ensemble/` of a folder, seen from outside: who holds it as a server, and which session an agent's folder
 * last had. The server's lock is read, never written (server/storage/folder-lock.ts has its rules: the highest number counts).
 */
import { mkdir, readFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { agentId } from '../../protocol/ids.js'
import { codeOf } from '../bridge/node-error.js'
import { isRunning } from '../bridge/processes.js'

export const DATA_FOLDER = '.ensemble'
/** In the data folder of a served one. */
export const SERVER_LOG = 'server.log'

const lockRecord = z.object({
  holder: z.object({
    pid: z.int().positive(),
    host: z.string(),
    started: z.string().nullable(),
    url: z.string().optional(),
    folder: z.object({ path: z.string(), inode: z.string() }).optional(),
  }),
})

export interface Holder {
  readonly pid: number
  readonly started: string | null
  /** Where it serves, once it does. */
  readonly url: string | undefined
  /** False: it runs on another machine, and can't be looked at from here. */
  readonly isHere: boolean
}

/** The server that holds a workspace now; undefined if none does. */
export async function holderOf(workspace: string): Promise<Holder | undefined> {
  const dir = join(workspace, DATA_FOLDER)
  const numbers = (await readdir(dir).catch(() => [])).map((name) => Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0))
  const last = Math.max(0, ...numbers)
  const parsed = lockRecord.safeParse(await readJson(join(dir, `lock.${last}`)))
  if (last === 0 || !parsed.success) return undefined
  const { pid, host, started, url, folder } = parsed.data.holder
  if (folder !== undefined && (await isAnother(dir, folder))) return undefined
  const isHere = host === hostname()
  if (isHere && !isRunning(pid, started)) return undefined
  return { pid, started, url, isHere }
}

/** Whether a lock was copied with its folder: neither the path nor the inode is that of the folder that it names. */
async function isAnother(dir: string, { path, inode }: { path: string; inode: string }): Promise<boolean> {
  const { dev, ino } = await stat(dir, { bigint: true })
  return (await realpath(dir)) !== path && `${dev}:${ino}` !== inode
}

/** The token's place in a workspace. */
export function tokenFileOf(workspace: string): string {
  return join(workspace, DATA_FOLDER, 'token')
}

const session = z.object({
  schema: z.literal('ensemble.session/1'),
  /** The folder itself, absolute: in a copy of it the session is somebody else's. */
  dir: z.string(),
  agentId,
  url: z.string(),
  /** Null: the token came from the environment. */
  tokenFile: z.string().nullable(),
  /** Proves that the next connection is the same agent coming back. Null: it left. */
  secret: z.string().nullable(),
  /** The process that connects this folder; null: none does. */
  process: z.object({ pid: z.int().positive(), started: z.string().nullable() }).nullable(),
})
export type SessionFile = z.infer<typeof session>

/** Undefined where there is none, or where it is another folder's. `dir`: absolute, without symlinks. */
export async function readSession(dir: string): Promise<SessionFile | undefined> {
  const parsed = session.safeParse(await readJson(join(dir, DATA_FOLDER, 'session.json')))
  return parsed.success && parsed.data.dir === dir ? parsed.data : undefined
}

/** Whole or not at all, and for the owner's eyes only: it holds a secret. */
export async function writeSession(file: Omit<SessionFile, 'schema'>): Promise<void> {
  const place = join(file.dir, DATA_FOLDER, 'session.json')
  const draft = `${place}.${randomUUID()}`
  await writeFile(draft, `${JSON.stringify({ schema: 'ensemble.session/1', ...file })}\n`, { mode: 0o600 })
  try {
    await rename(draft, place)
  } catch (thrown) {
    await rm(draft, { force: true })
    throw thrown
  }
}

/** The folder's own data folder, for its owner alone and out of git's sight; made if missing. */
export async function makeDataFolder(dir: string): Promise<string> {
  const place = join(dir, DATA_FOLDER)
  await mkdir(place, { recursive: true, mode: 0o700 })
  await writeFile(join(place, '.gitignore'), '*\n', { flag: 'wx' }).catch((thrown: unknown) => {
    if (codeOf(thrown) !== 'EEXIST') throw thrown
  })
  return place
}

export async function hasDataFolder(dir: string): Promise<boolean> {
  return stat(join(dir, DATA_FOLDER)).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** Undefined for what is missing, unreadable or no JSON: these files tell where something may be, nothing more. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch {
    return undefined
  }
}
