import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
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

test('[STORE-10] a database whose folder is deleted under it is put back with all that was stored, and takes nothing any more', async () => {
  const { storage, dir, dispose } = await open({ reopens: false })
  await storage.close()
  for (const isIdle of [false, true]) {
    const deleted: string[] = []
    const second = await openEmbeddedStorage({ dir, onDeleted: (place) => deleted.push(place) })
    await second.commit([{ put: ['t', 1], value: 'before' }])
    await rm(dir, { recursive: true })
    if (!isIdle) {
      await second.commit([{ put: ['t', 2], value: 'after' }])
      const refused = second.commit([{ put: ['t', 3], value: 'refused' }])
      await expect(refused).rejects.toMatchObject({ code: 'E_STORAGE_DEGRADED' })
      expect(second.get(['t', 2])).toBe('after')
    }
    await second.close()
    expect(deleted).toEqual([join(dir, DATABASE_FILE)])
    const third = await openEmbeddedStorage({ dir })
    expect([1, 2, 3].map((key) => third.get(['t', key]))).toEqual(['before', 'after', undefined])
    await third.close()
  }
  await dispose()
})

test('[STORE-10] a database that was made meanwhile in the place of a deleted one is left as it is', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ensemble-storage-'))
  const deleted: string[] = []
  const first = await openEmbeddedStorage({ dir, onDeleted: (place) => deleted.push(place) })
  await first.commit([{ put: ['t', 1], value: 'first' }])
  await rm(dir, { recursive: true })
  await mkdir(dir)
  const second = await openEmbeddedStorage({ dir })
  await first.commit([{ put: ['t', 2], value: 'first' }])
  expect(second.get(['t', 1])).toBeUndefined()
  await Promise.all([first.close(), second.close()])
  await rename(deleted[0]!, join(dir, DATABASE_FILE))
  const third = await openEmbeddedStorage({ dir })
  expect([third.get(['t', 1]), third.get(['t', 2])]).toEqual(['first', 'first'])
  await third.close()
  await rm(dir, { recursive: true })
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
