import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import type * as FileSystem from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lockFolder } from '../../../server/storage/folder-lock.js'
import { ownIdentity } from '../../../server/storage/process-identity.js'

/** What the next look at a folder finds instead of what is there: as if it had been taken earlier. */
let oldView: string[] | undefined

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>()
  const look = (dir: string): Promise<string[]> => {
    const view = oldView
    oldView = undefined
    return view ? Promise.resolve(view) : real.readdir(dir)
  }
  return { ...real, readdir: look }
})

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-lock-'))
})

afterEach(async () => {
  oldView = undefined
  await rm(dir, { recursive: true })
})

async function write(number: number, record: unknown): Promise<void> {
  await writeFile(join(dir, `lock.${number}`), JSON.stringify(record))
}

test('a claimant whose view was old neither gets the folder nor removes the lock of its holder', async () => {
  await write(3, { holder: { ...(await ownIdentity()), since: 1 } })
  oldView = ['lock.1'] // which was taken over and tidied away since
  await expect(lockFolder(dir, () => 2)).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY' })
  expect(await readdir(dir)).toEqual(['lock.3'])
})

test('[STORE-7] a lock that was copied with its folder holds nothing there; one whose folder was moved still holds it', async () => {
  const { dev, ino } = await stat(dir, { bigint: true })
  const holder = { ...(await ownIdentity()), since: 1 }
  await write(1, { holder: { ...holder, folder: { path: '/elsewhere', inode: `${dev}:${ino}` } } })
  await expect(lockFolder(dir, () => 2)).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY' })
  await write(1, { holder: { ...holder, folder: { path: '/elsewhere', inode: `${dev}:0` } } })
  await lockFolder(dir, () => 2)
  await expect(lockFolder(dir, () => 3)).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY' })
})

test('a claimant whose view was old gets a folder that was released since', async () => {
  await write(3, { released: true })
  oldView = []
  await lockFolder(dir, () => 2)
  expect(await readdir(dir)).toEqual(['lock.4'])
})

test('what claimants that were killed have left is tidied away by the next holder', async () => {
  await write(1, { released: true })
  await writeFile(join(dir, 'lock.2.0a1b'), 'a draft')
  await writeFile(join(dir, 'locksmith'), 'of someone else')
  const lock = await lockFolder(dir, () => 2)
  expect((await readdir(dir)).sort()).toEqual(['lock.2', 'locksmith'])
  await lock.announce('http://127.0.0.1:9999')
  await lock.release()
  expect((await readdir(dir)).sort()).toEqual(['lock.2', 'locksmith'])
})

test('[STORE-7, STORE-10] who held a folder that was deleted leaves the lock of its successor alone', async () => {
  const first = await lockFolder(dir, () => 1)
  await rm(dir, { recursive: true })
  await mkdir(dir)
  await lockFolder(dir, () => 2)
  await first.announce('http://127.0.0.1:1')
  await first.release()
  await expect(lockFolder(dir, () => 3)).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY', data: { since: 2 } })
})
