/** `ensemble presence`: an agent says what it does; one without a session shows in the roster for a while. */
import { agent, type AgentState } from '../../../protocol/agents.js'
import type { AgentId, AgentRole } from '../../../protocol/ids.js'
import type { Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { ask } from '../server-api.js'
import { resolveWorkspacePath } from '../workspace-path.js'
import { agentFor } from './broadcast.js'

export interface PresenceOptions extends Wishes {
  readonly as?: AgentId
  readonly file?: string
  readonly symbol?: string
  readonly role?: readonly AgentRole[]
  readonly ttl?: number
  readonly json?: boolean
}

export async function setPresence(state: AgentState, options: PresenceOptions, context: Context): Promise<ExitCode> {
  const { as, file, symbol, role, ttl, json, ...wishes } = options
  const id = agentFor(as, context)
  const path = file === undefined ? undefined : await resolveWorkspacePath(file, context.cwd)
  const server = await findServer(wishes, context)
  const shown = await ask(server, `/api/agents/${id}/presence`, agent, {
    method: 'PUT',
    body: { state, file: path, symbol, ttl, roles: role },
    headers: { 'X-Ensemble-Agent': id },
  })
  if (json === true) context.print.json({ schema: 'ensemble.presence/1', agent: shown })
  else
    context.print.lines([`${id}: ${[shown.state, shown.file, shown.symbol].filter((word) => word !== null).join(' ')}`])
  return EXIT.ok
}
