/**
 * Hocuspocus with its own defaults, on a free port that it tells over IPC.
 *
 *   node sync-hocuspocus.js [DIR]   with DIR: stored there, by its Database extension
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Database } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'

const [, , dir] = process.argv
const extensions = dir === undefined ? [] : [new Database({ fetch: read, store: write })]
const server = new Server({ address: '127.0.0.1', port: 0, quiet: true, extensions })
await server.listen()
process.on('disconnect', () => process.exit()) // whoever measures is gone
process.send({ port: server.address.port, pid: process.pid })

async function read({ documentName }) {
  return await readFile(fileOf(documentName)).catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Whole or not at all, and on the disk when it is done: what any database would give. */
async function write({ documentName, state }) {
  await mkdir(dir, { recursive: true })
  const file = fileOf(documentName)
  const beside = await open(`${file}.new`, 'w')
  await beside.writeFile(state)
  await beside.sync()
  await beside.close()
  await rename(`${file}.new`, file)
}

function fileOf(name) {
  return join(dir, encodeURIComponent(name))
}
