import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EnsembleError } from '../../../protocol/errors.js'
import { openDataFolder } from '../../../server/storage/data-folder.js'
import type { DataFolder } from '../../../server/storage/data-folder.js'
import { DATABASE_FILE, openEmbeddedStorage } from '../../../server/storage/embedded.js'
import { ownIdentity } from '../../../server/storage/process-identity.js'

let workspace: string
let dir: string
const opened: DataFolder[] = []

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'ensemble-workspace-'))
  dir = join(workspace, '.ensemble')
})

afterEach(async () => {
  for (const folder of opened.splice(0)) await folder.close()
  await rm(workspace, { recursive: true })
})

const now = (): number => 1_700_000_000_000

async function openHere(): Promise<DataFolder> {
  const folder = await openDataFolder(workspace, { now })
  opened.push(folder)
  return folder
}

async function refusal(): Promise<EnsembleError> {
  const thrown: unknown = await openHere().catch((error: unknown) => error)
  if (!(thrown instanceof EnsembleError)) throw new Error('expected a refusal', { cause: thrown })
  return thrown
}

const lockFiles = async (): Promise<string[]> => (await readdir(dir)).filter((name) => name.startsWith('lock')).sort()

/** A process that has ended: its number, and who it was. */
async function endedProcess() {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  if (child.pid === undefined) throw new Error('the child did not start')
  return { ...(await ownIdentity()), pid: child.pid, since: 1 }
}

describe('a new folder', () => {
  test('[STORE-6] is for its owner alone, is not seen by git, and has a database', async () => {
    const folder = await openHere()
    expect(folder).toMatchObject({ dir, databaseDir: dir, isNew: true })
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    expect(await readFile(join(dir, '.gitignore'), 'utf8')).toBe('*\n')
    expect((await stat(join(dir, DATABASE_FILE))).size).toBeGreaterThan(0)
    expect((await readFile(join(dir, 'format'), 'utf8')).trim()).toBe('1')
  })

  test('is found again with what was stored', async () => {
    const first = await openHere()
    const storage = await openEmbeddedStorage({ dir: first.databaseDir })
    await storage.commit([{ put: ['t', 1], value: 'kept' }])
    await storage.close()
    await first.close()
    const second = await openHere()
    expect(second.isNew).toBe(false)
    const again = await openEmbeddedStorage({ dir: second.databaseDir })
    expect(again.get(['t', 1])).toBe('kept')
    await again.close()
  })

  test('[STORE-6] that others could look into is closed to them; a .gitignore with lines of its own stays', async () => {
    await mkdir(dir)
    await chmod(dir, 0o755)
    await writeFile(join(dir, '.gitignore'), '*\n!keep\n')
    await openHere()
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    expect(await readFile(join(dir, '.gitignore'), 'utf8')).toBe('*\n!keep\n')
  })

  test('left half made by a start that was killed is finished', async () => {
    await mkdir(dir)
    await writeFile(join(dir, DATABASE_FILE), '')
    expect((await openHere()).isNew).toBe(true)
    await opened.pop()?.close()
    await rm(join(dir, 'format'))
    expect((await openHere()).isNew).toBe(false)
    expect((await readFile(join(dir, 'format'), 'utf8')).trim()).toBe('1')
  })

  test.each([
    ['a file', () => writeFile(join(workspace, '.ensemble'), '')],
    ['a link that leads elsewhere', () => symlink(tmpdir(), join(workspace, '.ensemble'))],
  ])('is refused where there is %s', async (_, make) => {
    await make()
    expect(await refusal()).toMatchObject({ code: 'E_WORKSPACE', hint: 'Move it away.' })
  })

  test('that cannot be made is E_WORKSPACE', async () => {
    await rm(workspace, { recursive: true })
    const error = await refusal()
    expect(error.code).toBe('E_WORKSPACE')
    expect(error.message).toContain('ENOENT')
    await mkdir(workspace)
  })
})

describe('the lock', () => {
  test('[STORE-7] refuses a second server, and names process and address of the first', async () => {
    const first = await openHere()
    expect(await refusal()).toMatchObject({ code: 'E_WORKSPACE_BUSY', data: { pid: process.pid, since: now() } })
    await first.announce('http://127.0.0.1:9999')
    const error = await refusal()
    expect(error.message).toContain(`process ${process.pid}, which serves http://127.0.0.1:9999`)
    expect(error.data).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:9999' })
  })

  test('is free after close, which can be called twice', async () => {
    const first = await openHere()
    await Promise.all([first.close(), first.close()])
    await first.announce('http://too.late')
    const second = await openHere()
    expect(second.dir).toBe(dir)
  })

  test('is free again after a start that was refused for another reason', async () => {
    await openHere()
    await opened.pop()?.close()
    await writeFile(join(dir, 'format'), '2\n')
    expect((await refusal()).code).toBe('E_STORAGE_VERSION')
    await writeFile(join(dir, 'format'), '1\n')
    await openHere()
  })

  test('of a process that has ended is taken over', async () => {
    await mkdir(dir)
    await writeFile(join(dir, 'lock.4'), JSON.stringify({ holder: await endedProcess() }))
    await openHere()
    expect(await lockFiles()).toEqual(['lock.5'])
  })

  test.skipIf(process.platform === 'win32')(
    'of an ended process whose number another one has now is taken over',
    async () => {
      await mkdir(dir)
      const impostor = { ...(await ownIdentity()), started: 'long ago', since: 1 }
      await writeFile(join(dir, 'lock.1'), JSON.stringify({ holder: impostor }))
      await openHere()
    },
  )

  test.skipIf(process.platform !== 'linux')('from before the machine was started is taken over', async () => {
    await mkdir(dir)
    const earlier = { ...(await ownIdentity()), boot: 'an earlier one', since: 1 }
    await writeFile(join(dir, 'lock.1'), JSON.stringify({ holder: earlier }))
    await openHere()
  })

  test('of a process elsewhere stays, and the error says which file to delete', async () => {
    await mkdir(dir)
    const elsewhere = { ...(await ownIdentity()), host: 'elsewhere', since: 1 }
    await writeFile(join(dir, 'lock.1'), JSON.stringify({ holder: elsewhere }))
    const error = await refusal()
    expect(error.code).toBe('E_WORKSPACE_BUSY')
    expect(error.message).toContain('on elsewhere')
    expect(error.hint).toContain(join(dir, 'lock.1'))
  })

  test('that lost its content with the power holds nobody off', async () => {
    await mkdir(dir)
    await writeFile(join(dir, 'lock.1'), '')
    await openHere()
    expect(await lockFiles()).toEqual(['lock.2'])
  })

  test.each(['a new folder', 'a lock that was released', 'a lock whose process has ended'])(
    'is won by exactly one of many who come at once: %s',
    async (kind) => {
      const ended = await endedProcess()
      for (let round = 0; round < 10; round++) {
        await rm(dir, { recursive: true, force: true })
        await mkdir(dir)
        if (kind === 'a lock that was released') await writeFile(join(dir, 'lock.1'), '{"released":true}')
        if (kind === 'a lock whose process has ended') {
          await writeFile(join(dir, 'lock.1'), JSON.stringify({ holder: ended }))
        }
        const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openHere()))
        const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
        expect(refused.length).toBe(7)
        for (const { reason } of refused) expect(reason).toMatchObject({ code: 'E_WORKSPACE_BUSY' })
        expect((await lockFiles()).length).toBe(1)
        await opened.pop()?.close()
      }
    },
  )
})

describe('the format', () => {
  beforeEach(async () => {
    await openHere()
    await opened.pop()?.close()
  })

  test('[STORE-9] of a later Ensemble is refused with both numbers, and nothing of its data is touched', async () => {
    await writeFile(join(dir, 'format'), '7\n')
    const data = async (): Promise<unknown> => [
      await readFile(join(dir, 'format'), 'utf8'),
      createHash('sha256')
        .update(await readFile(join(dir, DATABASE_FILE)))
        .digest('hex'),
      (await stat(join(dir, DATABASE_FILE))).mtimeMs,
    ]
    const before = await data()
    expect(await refusal()).toMatchObject({ code: 'E_STORAGE_VERSION', data: { format: 7, known: 1 } })
    expect(await data()).toEqual(before)
  })

  test.each(['', 'one', '-1', '0'])('that is no format is damage: %j', async (text) => {
    await writeFile(join(dir, 'format'), text)
    expect((await refusal()).code).toBe('E_STORAGE_DAMAGED')
  })
})

describe('a damaged database', () => {
  const file = (): string => join(dir, DATABASE_FILE)
  const contentHash = (): Promise<string> =>
    readFile(file()).then(
      (bytes) => createHash('sha256').update(bytes).digest('hex'),
      () => 'gone',
    )

  beforeEach(async () => {
    const folder = await openHere()
    const storage = await openEmbeddedStorage({ dir: folder.databaseDir })
    for (let commit = 0; commit < 10; commit++) {
      const rows = Array.from({ length: 200 }, (_, n) => ({ put: ['t', n, commit] as const, value: 'x'.repeat(50) }))
      await storage.commit([...rows, { put: ['large', commit], value: new Uint8Array(20_000).fill(commit) }])
    }
    await storage.close()
    await opened.pop()?.close()
  })

  test.each([
    ['is gone', 'missing or empty', () => rm(file())],
    ['is empty', 'missing or empty', () => truncate(file(), 0)],
    ['is text', 'reading it', () => writeFile(file(), 'not a database\n'.repeat(10_000))],
    ['is random bytes', 'reading it', async () => writeFile(file(), randomBytes((await stat(file())).size))],
    ['is cut to a page', 'SIG', () => truncate(file(), 4_096)],
    ['is cut in a page', 'SIG', () => truncate(file(), 6_000)],
    [
      'is cut in the middle',
      'SIGBUS',
      async () => truncate(file(), Math.floor((await stat(file())).size / 2 / 4_096) * 4_096),
    ],
    ['has lost its last pages', 'SIGBUS', async () => truncate(file(), (await stat(file())).size - 200_000)],
    [
      'has zeros from its third page on',
      '',
      async () => {
        const bytes = await readFile(file())
        await writeFile(file(), bytes.fill(0, 8_192))
      },
    ],
    [
      'has lost rows and is well-formed otherwise',
      'rows and holds',
      async () => {
        // A leaf page of lmdb has 2 at byte 18, and at byte 20 where its row of entries ends, of two bytes each.
        const bytes = await readFile(file())
        for (let page = 8_192; page < bytes.length; page += 4_096) {
          const end = bytes.readUInt16LE(page + 20)
          if (bytes.readUInt16LE(page + 18) === 2 && end > 60) bytes.writeUInt16LE(end - 20, page + 20)
        }
        await writeFile(file(), bytes)
      },
    ],
  ])('[STORE-8] is refused when it %s, says how to go on, and is left as it is', async (_, trouble, damage) => {
    await damage()
    const before = await contentHash()
    const error = await refusal()
    expect(error.code).toBe('E_STORAGE_DAMAGED')
    expect(error.message).toContain(file())
    expect(error.message).toContain(trouble)
    expect(error.hint).toContain(`move the folder ${dir} away`)
    expect(await contentHash()).toBe(before)
    expect((await refusal()).code).toBe('E_STORAGE_DAMAGED')
  })

  test('is replaced by a new one after what the error advises', async () => {
    await truncate(file(), 6_000)
    expect((await refusal()).hint).toContain(`move the folder ${dir} away`)
    await rename(dir, join(workspace, 'away'))
    const folder = await openHere()
    expect(folder.isNew).toBe(true)
  })
})
