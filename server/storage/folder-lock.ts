/**
 * One holder a folder, also when holders die without a word and several come to take over at once.
 *
 * The lock is a row of files `lock.1`, `lock.2`, …: the highest number says who holds the folder, or that it was
 * released. Who finds it released, or its process ended, claims the next number.
 *
 * 1. A file appears whole and for one claimant only: it is written aside and linked into place, which fails if the
 *    number is taken.
 * 2. The highest file is never removed, so the numbers never start again; lower ones mean nothing.
 * 3. Who has claimed a number looks again: a higher one means that its view was old, and it withdraws.
 *
 * 4. A lock that names another folder was copied with its folder, and holds nothing.
 * 5. Who held a folder that was deleted leaves the lock of one that was made in its place alone.
 *
 * Therefore a slow claimant can neither remove nor shadow the lock of a quicker one.
 */
import { randomUUID } from 'node:crypto'
import { link, readFile, readdir, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EnsembleError } from '../../protocol/errors.js'
import { hasCode } from './files.js'
import { ownIdentity, processIdentity, stateOf } from './process-identity.js'

const holderSchema = processIdentity.extend({
  /** Milliseconds since 1970. */
  since: z.number(),
  /** Where it serves, once it does. */
  url: z.string().optional(),
  /** Which folder it holds: in a copy of that, the lock means nothing. Not said: this one. */
  folder: z.object({ path: z.string(), inode: z.string() }).optional(),
})

export type Holder = z.infer<typeof holderSchema>

const recordSchema = z.union([z.object({ released: z.literal(true) }), z.object({ holder: holderSchema })])

type LockRecord = z.infer<typeof recordSchema>

export interface FolderLock {
  /** Tells those who come later where the holder serves. */
  announce(url: string): Promise<void>
  /** Can be called twice. */
  release(): Promise<void>
}

const LOCK_NAME = /^lock\.(\d+)$/
/** Each round that is lost was won by someone else, who then holds the folder: more than a few mean a broken disk. */
const ROUNDS = 100

/** Throws E_WORKSPACE_BUSY, naming the holder, when another process holds the folder. `now`: ms since 1970. */
export async function lockFolder(dir: string, now: () => number): Promise<FolderLock> {
  const folder = await placeOf(dir)
  const holder: Holder = { ...(await ownIdentity()), since: now(), folder }
  for (let round = 0; round < ROUNDS; round++) {
    const last = highest(await readdir(dir))
    if (last > 0) await assertFree(dir, folder, last)
    const mine = last + 1
    if (!(await claim(dir, mine, { holder }))) continue
    const names = await readdir(dir)
    if (highest(names) === mine) {
      await removeAll(
        dir,
        names.filter((name) => name.startsWith('lock.') && name !== `lock.${mine}`),
      )
      return heldLock(dir, mine, holder)
    }
    await removeAll(dir, [`lock.${mine}`])
  }
  throw new EnsembleError('E_WORKSPACE_BUSY', `The folder ${dir} could not be locked: others keep taking it.`)
}

function heldLock(dir: string, number: number, holder: Holder): FolderLock {
  let released: Promise<void> | undefined
  /** Unless the folder was deleted meanwhile: what stands there by then is another's, of a folder that was made anew. */
  const replaceOurs = async (record: LockRecord): Promise<void> => {
    const standing = parseRecord(await readFile(join(dir, `lock.${number}`), 'utf8').catch(() => ''))
    if (standing === undefined || 'released' in standing) return
    const { pid, since } = standing.holder
    if (pid === holder.pid && since === holder.since) await replace(dir, number, record)
  }
  return {
    async announce(url) {
      if (!released) await replaceOurs({ holder: { ...holder, url } })
    },
    release() {
      released ??= replaceOurs({ released: true })
      return released
    },
  }
}

/** Where a folder is, and which one, by device and inode. */
async function placeOf(dir: string): Promise<NonNullable<Holder['folder']>> {
  const [path, { dev, ino }] = await Promise.all([realpath(dir), stat(dir, { bigint: true })])
  return { path, inode: `${dev}:${ino}` }
}

async function assertFree(dir: string, here: NonNullable<Holder['folder']>, number: number): Promise<void> {
  const file = join(dir, `lock.${number}`)
  const record = parseRecord(await readFile(file, 'utf8').catch(() => ''))
  if (!record || 'released' in record) return
  const { holder } = record
  // A folder that was moved keeps its inode, one whose disk was mounted anew its path; a copy has neither.
  const isCopied = holder.folder !== undefined && holder.folder.path !== here.path && holder.folder.inode !== here.inode
  if (isCopied) return
  const state = await stateOf(holder)
  if (state === 'ended') return
  const where = `process ${holder.pid}${state === 'unknown' ? ` on ${holder.host}` : ''}`
  const serving = holder.url === undefined ? '' : `, which serves ${holder.url}`
  throw new EnsembleError('E_WORKSPACE_BUSY', `The workspace is open in ${where}${serving}: one server may hold it.`, {
    hint:
      state === 'unknown'
        ? `Stop that server. If it does not run any more, delete ${file}.`
        : `Use that server, or stop it first.`,
    data: {
      pid: holder.pid,
      host: holder.host,
      since: holder.since,
      ...(holder.url !== undefined && { url: holder.url }),
    },
  })
}

/**
 * Undefined for a file that is gone, or that says nothing: files appear whole, so what is empty or torn was left by a
 * machine that lost its power, and nobody holds it.
 */
function parseRecord(text: string): LockRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** False when another one has the number. */
async function claim(dir: string, number: number, record: LockRecord): Promise<boolean> {
  const draft = await writeDraft(dir, number, record)
  try {
    await link(draft, join(dir, `lock.${number}`))
    return true
  } catch (thrown) {
    // ENOENT: the draft was tidied away by one who has just won.
    if (hasCode(thrown, 'EEXIST') || hasCode(thrown, 'ENOENT')) return false
    throw new EnsembleError('E_WORKSPACE', `The folder ${dir} can't be locked: its file system has no hard links.`, {
      hint: 'Keep the workspace on a local disk.',
      cause: thrown,
    })
  } finally {
    await removeAll(dir, [draftName(draft)])
  }
}

async function replace(dir: string, number: number, record: LockRecord): Promise<void> {
  await rename(await writeDraft(dir, number, record), join(dir, `lock.${number}`))
}

async function writeDraft(dir: string, number: number, record: LockRecord): Promise<string> {
  const draft = join(dir, `lock.${number}.${randomUUID()}`)
  await writeFile(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  return draft
}

function draftName(draft: string): string {
  return draft.slice(draft.lastIndexOf('lock.'))
}

async function removeAll(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await unlink(join(dir, name)).catch((thrown: unknown) => {
      if (!hasCode(thrown, 'ENOENT')) throw thrown // gone is what was wanted
    })
  }
}

function highest(names: readonly string[]): number {
  return Math.max(0, ...names.map((name) => Number(LOCK_NAME.exec(name)?.[1] ?? 0)))
}
