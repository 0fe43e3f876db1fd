import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedStorage } from '../../../server/storage/embedded.js'
import { storageContract } from '../../contracts/storage.js'
import type { OpenedStorage } from '../../contracts/storage.js'

async function open({ reopens }: { reopens: boolean }): Promise<OpenedStorage> {
  const dir = await mkdtemp(join(tmpdir(), 'ensemble-storage-'))
  const storage = await openEmbeddedStorage({ dir })
  let current = storage
  return {
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

storageContract('embedded', () => open({ reopens: false }))
storageContract('embedded, opened again', () => open({ reopens: true }))
