/**
 * An agent in a folder of its own: a connection as that agent, and the bridge that keeps the folder in step.
 *
 * 1. The folder is locked (by the bridge) before the first word to the server: a second process never replaces the first.
 * 2. The session's secret is on disk before the agent is told to be connected, so that after a kill it takes its own place.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Agent } from '../../protocol/agents.js'
import { DEFAULT_CONFIG, parseConfig, type Config } from '../../protocol/config.js'
import { EnsembleError } from '../../protocol/errors.js'
import { agentIdOf, type AgentId, type AgentInstance, type AgentRole, type AgentType } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { openBridge, type Bridge } from '../bridge/bridge.js'
import { serveControl } from '../bridge/control-socket.js'
import { statusOf } from '../bridge/folder-status.js'
import type { BridgeLog } from '../bridge/ports.js'
import { Connection } from '../sdk/connection.js'
import { openNodeSocket } from '../sdk/node-socket.js'
import { openConnectLog } from './connect-log.js'
import { makeDataFolder, readSession, writeSession } from './data-folder.js'
import { isLoopback } from './discovery.js'
import type { ProgressStep } from './print.js'
import { startOf } from '../bridge/processes.js'
import { VERSION } from './version.js'

export interface AgentFolderOptions {
  /** Absolute, without symlinks; exists. */
  readonly dir: string
  readonly url: string
  readonly token: string
  /** Where the token came from, for commands in this folder. */
  readonly tokenFile: string | null
  readonly agent: {
    readonly type: AgentType
    readonly instance: AgentInstance
    readonly partition: WorkspacePath | null
    readonly roles: AgentRole[]
  }
  readonly onProgress?: (step: ProgressStep) => void
}

export interface AgentFolder {
  readonly agentId: AgentId
  readonly dir: string
  readonly connection: Connection
  readonly bridge: Bridge
  /** Who is connected, as last heard. */
  readonly agents: readonly Agent[]
  /** The first comparison with the server is done. Rejects if the server can't be reached, or says no. */
  synced(): Promise<void>
  /** Settles when the server ends it for good (another one took its place, the token changed), with why. */
  readonly ended: Promise<EnsembleError>
  /** Sends what is under way, says goodbye, lets go of the folder. Can be called twice. */
  leave(): Promise<void>
}

/** For what is under way when the agent leaves; the rest is sent when it is back. In milliseconds. */
const LAST_WRITES = 3_000
/**
 * The longest wait between two attempts to reach a server of this machine that is away, in milliseconds: asking costs next to
 * nothing, and nobody who starts it again waits long for their folders.
 */
const LONGEST_RETRY_HERE = 2_000
/** For the server's answer to a goodbye. In milliseconds. */
const GOODBYE = 1_000

/** @throws EnsembleError E_WORKSPACE, E_WORKSPACE_BUSY */
export async function openAgentFolder(options: AgentFolderOptions): Promise<AgentFolder> {
  const { dir, url, token, agent } = options
  const data = await makeDataFolder(dir)
  const log = openConnectLog(data)
  const agentId = agentIdOf(agent.type, agent.instance)
  const session = new SessionKeeper(options, agentId, log)
  const secret = await session.secret()
  const connection = new Connection({
    ...{ url, token, feeds: ['heads', 'events', 'agents'], openSocket: openNodeSocket },
    client: `ensemble-connect/${VERSION}`,
    agent: { ...agent, process: { pid: process.pid, host: hostname() } },
    ...(secret === undefined ? {} : { secret }),
    ...(isLoopback(url) ? { longestRetry: LONGEST_RETRY_HERE } : {}),
    onSecret: (fresh) => session.keep(fresh),
  })
  const config = await configOf(dir, log)
  const bridge = await openBridge({
    ...{ dir, connection, log },
    config: { ...config.bridge, fileBytes: config.limits.fileBytes },
    onProgress: (step) => options.onProgress?.(step),
  })
  const control = await serveControl({ bridge, dataFolder: data, agentId, log })
  const ended = Promise.race([endOf(connection), endOfDataFolder(bridge, data, log)])
  const tell = tellFolder(connection, bridge, log)
  let agents: readonly Agent[] = []
  connection.onMessage((message) => {
    if (message.type === 'agents') agents = message.agents
  })
  connection.onState((state) => {
    if (state.kind === 'live') {
      log.info({ agentId, url }, 'connected')
      tell(true)
    } else if (state.kind === 'waiting')
      log.warn({ code: state.error.code, reason: state.error.message }, 'not connected')
    else if (state.kind === 'closed') log.info({ code: state.error?.code, reason: state.error?.message }, 'ended')
  })
  connection.start()
  let leaving: Promise<void> | undefined
  return {
    ...{ agentId, dir, connection, bridge, ended },
    get agents() {
      return agents
    },
    synced: async () => {
      const failure = ended.then((error) => Promise.reject(error))
      await Promise.race([firstContact(connection), failure])
      await Promise.race([bridge.synced(), failure])
      await session.settled()
    },
    leave: () => (leaving ??= control.close().then(() => leave(connection, bridge, session))),
  }
}

async function leave(connection: Connection, bridge: Bridge, session: SessionKeeper): Promise<void> {
  if (connection.state.kind === 'live') await atMost(LAST_WRITES, bridge.finish())
  await bridge.close()
  if (connection.state.kind === 'live') await atMost(GOODBYE, connection.request('leave', {}))
  await connection.close()
  await session.end()
}

async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  // A server that goes away at this moment must not keep anyone from leaving.
  await Promise.race([work.catch(() => undefined), expiry])
  clearTimeout(timer)
}

/** Rejects when the first attempt fails: a command that was just given should say so rather than wait. */
async function firstContact(connection: Connection): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      const { state } = connection
      if (state.kind === 'live') resolve()
      else if (state.kind === 'waiting') reject(state.error)
      else if (state.kind === 'closed')
        reject(state.error ?? new EnsembleError('E_UNREACHABLE', 'The connection was closed.'))
      else return
      dispose()
    }
    const dispose = connection.onState(look)
    look()
  })
}

function endOf(connection: Connection): Promise<EnsembleError> {
  return new Promise((resolve) => {
    const dispose = connection.onState((state) => {
      if (state.kind !== 'closed') return
      dispose()
      if (state.error !== null) resolve(state.error)
    })
  })
}

/** Keeps the roster told of what is held here. */
function tellFolder(connection: Connection, bridge: Bridge, log: BridgeLog): (isNew: boolean) => void {
  let told = ''
  const tell = (isNew: boolean): void => {
    const folder = statusOf(bridge)
    const next = JSON.stringify(folder)
    if (connection.state.kind !== 'live' || (next === told && !isNew)) return
    told = next
    connection.request('folder', folder).catch((thrown: unknown) => {
      log.debug({ reason: String(thrown) }, 'the server was not told of the folder; it is with the next connection')
    })
  }
  bridge.onState(() => tell(false))
  return tell
}

/** Without it nothing can be synced, noted or decided any more; the folder itself may be as it was. */
function endOfDataFolder(bridge: Bridge, data: string, log: BridgeLog): Promise<EnsembleError> {
  return new Promise((resolve) => {
    bridge.onState((state) => {
      if (state.kind !== 'paused' || state.reason.code !== 'root-replaced' || existsSync(data)) return
      const message = `${data} was deleted, without which its folder can’t be kept in step; the session ends.`
      log.error({}, message)
      resolve(new EnsembleError('E_WORKSPACE', message, { hint: 'Connect again; what was edited since then merges.' }))
    })
  })
}

/** Limits are the workspace's, whose configuration is one of its files; before the first sync it may be missing here. */
async function configOf(dir: string, log: BridgeLog): Promise<Config> {
  const text = await readFile(join(dir, 'ensemble.config.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return DEFAULT_CONFIG
  try {
    return parseConfig(text)
  } catch (thrown) {
    log.warn({ reason: String(thrown) }, 'ensemble.config.json of this folder is not valid; defaults are used')
    return DEFAULT_CONFIG
  }
}

/** Writes of the session file, one after another. */
class SessionKeeper {
  readonly #options: AgentFolderOptions
  readonly #agentId: AgentId
  readonly #log: BridgeLog
  #last: Promise<void> = Promise.resolve()

  constructor(options: AgentFolderOptions, agentId: AgentId, log: BridgeLog) {
    this.#options = options
    this.#agentId = agentId
    this.#log = log
  }

  /** Of the last session, if it was this agent's at this server. */
  async secret(): Promise<string | undefined> {
    const before = await readSession(this.#options.dir)
    const isOurs = before?.agentId === this.#agentId && before.url === this.#options.url
    return isOurs ? (before.secret ?? undefined) : undefined
  }

  keep(secret: string): void {
    void this.#write(secret, true)
  }

  /** What was to be kept is on disk. */
  async settled(): Promise<void> {
    await this.#last
  }

  async end(): Promise<void> {
    await this.#write(null, false)
  }

  #write(secret: string | null, isRunning: boolean): Promise<void> {
    const { dir, url, tokenFile } = this.#options
    this.#last = this.#last.then(async () => {
      const process_ = isRunning ? { pid: process.pid, started: startOf(process.pid) ?? null } : null
      await writeSession({ dir, url, tokenFile, agentId: this.#agentId, secret, process: process_ }).catch(
        (thrown: unknown) => {
          this.#log.warn(
            { reason: String(thrown) },
            'the session could not be noted; after a kill the name may be taken for a moment',
          )
        },
      )
    })
    return this.#last
  }
}
