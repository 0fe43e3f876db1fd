/**
 * The server of y-websocket 2, as its package starts it (bin/server), on a free port that it tells over IPC.
 * YPERSISTENCE names the folder of its LevelDB, where it is to have one.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const finder = createServer().listen(0, '127.0.0.1')
await once(finder, 'listening')
const { port } = finder.address()
finder.close()
await once(finder, 'close')
process.env.HOST = '127.0.0.1'
process.env.PORT = String(port)
// The package exports only what lies beside the server.
await import(new URL('./server.cjs', import.meta.resolve('y-websocket-2/bin/utils')).href)
while (!(await answers())) await pause(10)
process.on('disconnect', () => process.exit()) // whoever measures is gone
process.send({ port, pid: process.pid })

async function answers() {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // not yet
  } finally {
    socket.destroy()
  }
}
