/** Looks for servers where discovery.ts wants to know of them, and removes what dead ones left behind. */
import { readFile, readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { EnsembleError } from '../../protocol/errors.js'
import { hasDataFolder, holderOf, readJson, readSession, tokenFileOf } from './data-folder.js'
import {
  chooseServer,
  chooseToken,
  type DiscoveryFacts,
  type KnownServer,
  type TokenSource,
  type Wishes,
} from './discovery.js'
import { reasonOf } from '../bridge/node-error.js'
import { isRunning } from '../bridge/processes.js'
import { answers, nobodyAt } from './server-api.js'

/** Anything else could not even be sent: it would look as if nobody answered. */
const TOKEN = /^[A-Za-z0-9_-]+$/

export type Environment = Readonly<Record<string, string | undefined>>

export interface Server extends KnownServer {
  readonly token: string
}

export interface Whereabouts {
  /** Absolute. */
  readonly cwd: string
  readonly env: Environment
}

/** @throws EnsembleError E_USAGE, E_UNREACHABLE, E_UNAUTHORIZED */
export async function findServer(wishes: Wishes, whereabouts: Whereabouts): Promise<Server> {
  const facts = await look(wishes, whereabouts)
  const server = chooseServer(facts)
  const token = await tokenSource(server, facts)
  if (token.kind === 'text') return { ...server, token: checked(token.token, 'ENSEMBLE_TOKEN'), tokenFile: null }
  return { ...server, token: await readToken(token.file), tokenFile: token.file }
}

/** That nobody answers is worth more than that nobody knows the token. */
async function tokenSource(server: KnownServer, facts: DiscoveryFacts): Promise<TokenSource> {
  try {
    return chooseToken(server, facts)
  } catch (thrown) {
    throw (await answers(server.url)) ? thrown : nobodyAt(server.url)
  }
}

/** For what needs no token. @throws EnsembleError E_USAGE, E_UNREACHABLE */
export async function findEndpoint(wishes: Wishes, whereabouts: Whereabouts): Promise<KnownServer> {
  return chooseServer(await look(wishes, whereabouts))
}

async function look(wishes: Wishes, { cwd, env }: Whereabouts): Promise<DiscoveryFacts> {
  const above = await serverAbove(cwd)
  return {
    flags: { ...wishes, tokenFile: wishes.tokenFile === undefined ? undefined : resolve(cwd, wishes.tokenFile) },
    env: { url: env['ENSEMBLE_URL'] || undefined, token: env['ENSEMBLE_TOKEN'] || undefined },
    above: above?.isAlive === true ? above.server : undefined,
    silent: above?.isAlive === false ? above.server.url : undefined,
    running: await runningServers(env),
  }
}

/** @throws EnsembleError E_UNAUTHORIZED */
export async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new EnsembleError('E_UNAUTHORIZED', `The token file ${file} cannot be read: ${reasonOf(cause)}.`, {
      hint: 'Name the file that holds the token with --token-file; the server keeps it in .ensemble/token of its workspace.',
      cause,
    })
  })
  return checked(text, `The token file ${file}`)
}

function checked(text: string, source: string): string {
  const token = text.trim()
  if (TOKEN.test(token)) return token
  const fault = token === '' ? 'is empty' : 'does not hold a token, which is one line of letters, digits, "-" and "_"'
  throw new EnsembleError('E_UNAUTHORIZED', `${source} ${fault}.`, {
    hint: 'The server keeps its token in .ensemble/token of its workspace.',
  })
}

interface Above {
  readonly server: KnownServer
  readonly isAlive: boolean
}

/**
 * The nearest folder that knows a server: as the one it serves, or as the one that it was connected to. One that is dead is
 * told only where no living one is further up.
 */
async function serverAbove(cwd: string): Promise<Above | undefined> {
  let silent: KnownServer | undefined
  for (let dir = cwd, below = ''; dir !== below; below = dir, dir = dirname(dir)) {
    if (!(await hasDataFolder(dir))) continue
    for (const server of await serversOf(dir)) {
      if (await answers(server.url)) return { server, isAlive: true }
      silent ??= server
    }
  }
  return silent === undefined ? undefined : { server: silent, isAlive: false }
}

async function serversOf(dir: string): Promise<KnownServer[]> {
  const [holder, session] = await Promise.all([holderOf(dir), readSession(dir)])
  const found: KnownServer[] = []
  if (holder?.url !== undefined) found.push({ url: holder.url, workspace: dir, tokenFile: tokenFileOf(dir) })
  if (session !== undefined) found.push({ url: session.url, workspace: null, tokenFile: session.tokenFile })
  return found
}

const serverFile = z.object({
  url: z.string(),
  workspace: z.string(),
  tokenFile: z.string(),
  pid: z.int().positive(),
})

/** Of the user's state folder. Files of servers that ended are removed; they say nothing any more. */
export async function runningServers(env: Environment): Promise<KnownServer[]> {
  const dir = join(stateFolder(env), 'ensemble', 'servers')
  const names = (await readdir(dir).catch(() => [])).filter((name) => /^\d+\.json$/.test(name)).sort()
  const found: KnownServer[] = []
  for (const name of names) {
    const file = join(dir, name)
    const parsed = serverFile.safeParse(await readJson(file))
    if (!parsed.success) continue
    const { url, workspace, tokenFile, pid } = parsed.data
    // The number may belong to another process by now: the workspace's lock knows when its holder began.
    const holder = await holderOf(workspace)
    if (holder?.pid === pid) found.push({ url, workspace, tokenFile })
    else if (holder !== undefined || !isRunning(pid)) await rm(file, { force: true })
  }
  return found
}

function stateFolder(env: Environment): string {
  return env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state')
}
