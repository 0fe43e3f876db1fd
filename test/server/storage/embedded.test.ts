import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DATABASE_FILE, openEmbeddedStorage } from '../../../server/storage/embedded.js'
import { faultyStorageContract } from '../../contracts/faulty-storage.js'
import { storageContract } from '../../contracts/storage.js'
import type { OpenedStorage } from '../../contracts/storage.js'

async function open({
  reopens,
  givenBackAfter,
}: {
  reopens: boolean
  givenBackAfter?: number
}): Promise<OpenedStorage & { dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'ensemble-storage-'))
  const storage = await openEmbeddedStorage({ dir, ...(givenBackAfter === undefined ? {} : { givenBackAfter }) })
  let current = storage
  return {
    dir,
    storage,
    reread: async () => {
      if (!reopens) return storage
      await current.close()
      current = await openEmbeddedStorage({ dir })
      return current
    },
    dispose: async () => {
      await current.close()
      await rm(dir, { recursive: true })
    },
  }
}

test('a database whose file is taken away is not begun anew when its memory is given back', async () => {
  const { storage, dispose, dir } = await open({ reopens: false, givenBackAfter: 1 })
  await storage.commit([{ put: ['t', 1], value: 'one' }])
  await storage.commit([]) // behind this, nothing is being given back any more
  await rename(join(dir, DATABASE_FILE), join(dir, 'elsewhere'))
  for (let round = 0; round < 3; round++) {
    expect(storage.get(['t', 1])).toBe('one')
    await storage.commit([{ put: ['t', 2], value: round }])
    expect(storage.get(['t', 2])).toBe(round)
  }
  expect(existsSync(join(dir, DATABASE_FILE))).toBe(false)
  await dispose()
})

storageContract('embedded', () => open({ reopens: false }))
storageContract('embedded, opened again', () => open({ reopens: true }))
storageContract('embedded, giving its memory back after every look', () => open({ reopens: false, givenBackAfter: 1 }))
faultyStorageContract('embedded', () => open({ reopens: true }), 30)

test('[SYNC-3] a disk without room for a commit is full before lmdb is asked, and is no more once there is room', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ensemble-storage-'))
  let free = 4_000_000
  let looks = 0
  const storage = await openEmbeddedStorage({
    dir,
    free: () => {
      looks++
      return Promise.resolve(free)
    },
  })
  await storage.commit([{ put: ['t', 1], value: 'small' }])
  const large = { put: ['t', 2], value: new Uint8Array(1_500_000) } as const
  await expect(storage.commit([large])).rejects.toMatchObject({ code: 'E_STORAGE_FULL', data: { dir, free } })
  expect([storage.get(['t', 1]), storage.get(['t', 2])]).toEqual(['small', undefined])
  free = 10_000_000_000
  await storage.commit([large])
  const before = looks
  for (let n = 0; n < 100; n++) await storage.commit([{ put: ['t', 3], value: n }])
  expect(looks).toBe(before)
  expect(storage.get(['t', 3])).toBe(99)
  await storage.close()
  await rm(dir, { recursive: true })
})
