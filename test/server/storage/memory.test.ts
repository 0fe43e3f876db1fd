import { openMemoryStorage } from '../../../server/storage/memory.js'
import { storageContract } from '../../contracts/storage.js'

storageContract('memory', async () => {
  const storage = openMemoryStorage()
  return { storage, reread: () => Promise.resolve(storage), dispose: () => storage.close() }
})
