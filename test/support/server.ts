/** A server in this process, on a port of its own, with the storage that the test hands in. */
import { deepStrictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { config as configSchema, type Config } from '../../protocol/config.js'
import { workspaceEvent } from '../../protocol/events.js'
import { agentInstance, agentType } from '../../protocol/ids.js'
import type { Feed } from '../../protocol/messages.js'
import { workspacePath } from '../../protocol/paths.js'
import { assemble, type Ensemble } from '../../server/assemble.js'
import type { LocksFilePlace } from '../../server/locks/locks-file-service.js'
import { createLog } from '../../server/log.js'
import type { Timers } from '../../server/storage/commit-queue.js'
import { openMemoryStorage } from '../../server/storage/memory.js'
import type { Storage } from '../../server/storage/storage.js'
import { Connection, type ConnectionOptions } from '../../client/sdk/connection.js'
import { openNodeSocket } from '../../client/sdk/node-socket.js'

export const TOKEN = 'test-token'

export interface TestServer extends Ensemble {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  readonly connect: (options?: Partial<ConnectionOptions>) => Promise<Connection>
  /** As the agent `TYPE-instance`. */
  readonly connectAs: (agentId: string, options?: Partial<ConnectionOptions>) => Promise<Connection>
  readonly stop: () => Promise<void>
}

export interface TestServerOptions {
  readonly storage?: Storage
  readonly config?: unknown
  readonly workspace?: string
  readonly port?: number
  /** Default true: as after the served folder was read. */
  readonly ready?: boolean
  readonly now?: () => number
  /** Default `now`, where that is given. */
  readonly elapsed?: () => number
  readonly timers?: Timers
  readonly locksFile?: LocksFilePlace
}

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const config: Config = configSchema.parse(options.config ?? {})
  const elapsed = options.elapsed ?? options.now
  const log = createLog()
  log.level = process.env['ENSEMBLE_LOG'] ?? 'silent'
  const storage = options.storage ?? openMemoryStorage()
  const ensemble = await assemble({
    storage,
    config,
    log,
    version: 'test',
    workspace: options.workspace ?? '/tmp/workspace',
    host: '127.0.0.1',
    token: TOKEN,
    dashboardDir: fileURLToPath(new URL('../../dist/dashboard', import.meta.url)),
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(elapsed === undefined ? {} : { elapsed }),
    ...(options.timers === undefined ? {} : { timers: options.timers }),
    ...(options.locksFile === undefined ? {} : { locksFile: options.locksFile }),
  })
  ensemble.server.listen(options.port ?? 0, '127.0.0.1')
  await once(ensemble.server, 'listening')
  if (options.ready !== false) ensemble.ready()
  const { port } = ensemble.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const connections: Connection[] = []
  const connect = async (own: Partial<ConnectionOptions> = {}): Promise<Connection> => {
    const feeds: Feed[] = ['heads', 'events', 'agents']
    const connection = new Connection({
      ...{ url, token: TOKEN, client: 'test/0', agent: null, feeds, openSocket: openNodeSocket },
      ...own,
    })
    connections.push(connection)
    connection.start()
    await connection.live()
    return connection
  }
  return {
    ...ensemble,
    url,
    port,
    connect,
    connectAs: (agentId, own = {}) => connect({ agent: parseAgent(agentId), ...own }),
    stop: async () => {
      for (const connection of connections) await connection.close()
      await ensemble.close(2000)
      assertEvents(storage)
    },
  }
}

/** The log takes events as they are made: here it is seen that each is what the protocol says, and nothing besides. */
function assertEvents(storage: Storage): void {
  for (const { value } of storage.range({ from: ['event', 0], to: ['event', Infinity] })) {
    deepStrictEqual(value, workspaceEvent.parse(value))
  }
}

export function parseAgent(agentId: string, partition?: string): NonNullable<ConnectionOptions['agent']> {
  const dash = agentId.indexOf('-')
  return {
    type: agentType.parse(agentId.slice(0, dash)),
    instance: agentInstance.parse(agentId.slice(dash + 1)),
    partition: partition === undefined ? null : workspacePath.parse(partition),
  }
}
