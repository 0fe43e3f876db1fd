/** For what only an agent can do. */
import { EnsembleError } from '../../protocol/errors.js'
import { agentOfAuthor, type AgentId, type Author } from '../../protocol/ids.js'

/** @throws EnsembleError E_BAD_REQUEST */
export function agentOf(author: Author): AgentId {
  const agent = agentOfAuthor(author)
  if (agent !== undefined) return agent
  throw new EnsembleError('E_BAD_REQUEST', 'This is done for an agent, and the request names none.', {
    hint: 'Connect as an agent; over HTTP, name it in the header X-Ensemble-Agent, as CLAUDE-frontend.',
  })
}
