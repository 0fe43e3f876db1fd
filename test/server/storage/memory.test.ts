import { openMemoryStorage } from '../../../server/storage/memory.js'
import { faultyStorageContract } from '../../contracts/faulty-storage.js'
import { storageContract, type OpenedStorage } from '../../contracts/storage.js'

const open = async (): Promise<OpenedStorage> => {
  const storage = openMemoryStorage()
  return await Promise.resolve({ storage, reread: () => Promise.resolve(storage), dispose: () => storage.close() })
}

storageContract('memory', open)
faultyStorageContract('memory', open, 100)
