/** `ensemble/sdk` on Node: the client with sockets of `ws`, the token of the workspace, and a store in the user's state folder. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'
import { EnsembleClient as Client } from '../sdk/client.js'
import { openNodeSocket } from '../sdk/node-socket.js'
import type { ClientOptions } from '../sdk/session.js'
import { openFileStore } from './file-store.js'

export type NodeClientOptions = Partial<ClientOptions>

/** @inheritdoc */
export class EnsembleClient extends Client {
  /**
   * @param options each has a default: the token is that of ENSEMBLE_TOKEN, or of the nearest `.ensemble/token` above the current
   * folder; the store is a file for each agent and server in `$XDG_STATE_HOME/ensemble/clients`
   */
  constructor(agentId: string, agentType: string, options: NodeClientOptions = {}) {
    super(agentId, agentType, {
      token: findToken,
      openSocket: openNodeSocket,
      store: (url) => openFileStore(storeFile(agentId, url)),
      ...options,
    })
  }
}

function storeFile(agentId: string, url: string): string {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state')
  const { host } = new URL(url)
  return join(state, 'ensemble', 'clients', `${agentId}@${host.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.jsonl`)
}

/** @throws EnsembleError E_UNAUTHORIZED */
async function findToken(): Promise<string> {
  const given = process.env['ENSEMBLE_TOKEN']
  if (given !== undefined && given !== '') return given
  for (let dir = process.cwd(), below = ''; dir !== below; below = dir, dir = dirname(dir)) {
    const token = await readFile(join(dir, '.ensemble', 'token'), 'utf8').catch(() => undefined)
    if (token !== undefined) return token.trim()
  }
  throw new EnsembleError('E_UNAUTHORIZED', 'No token is known.', {
    hint: 'Give it as options.token, or set ENSEMBLE_TOKEN; it stands in .ensemble/token of the workspace.',
  })
}
