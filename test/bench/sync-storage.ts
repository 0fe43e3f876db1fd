/**
 * The server over a storage of choice, without a folder: what it costs to be durable.
 *
 *   node dist/test/bench/sync-storage.js memory
 *   node dist/test/bench/sync-storage.js lmdb DIR
 */
import { openEmbeddedStorage } from '../../server/storage/embedded.js'
import { openMemoryStorage } from '../../server/storage/memory.js'
import { startServer, TOKEN } from '../support/server.js'

const [kind, dir = ''] = process.argv.slice(2)
const storage = kind === 'lmdb' ? await openEmbeddedStorage({ dir }) : openMemoryStorage()
const { port } = await startServer({ storage })
process.on('disconnect', () => process.exit()) // whoever measures is gone
process.send?.({ port, pid: process.pid, token: TOKEN })
