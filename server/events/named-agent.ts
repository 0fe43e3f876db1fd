/** Some things only an agent can ask for. */
import { EnsembleError } from '../../protocol/errors.js'
import { agentId, type AgentId, type Author } from '../../protocol/ids.js'

/** @throws EnsembleError E_BAD_REQUEST: whoever asks is a person, or named nobody */
export function namedAgent(author: Author): AgentId {
  const parsed = agentId.safeParse(author)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_BAD_REQUEST', 'Only an agent can ask for this, and none is named.', {
    hint: 'Name it: --as CLAUDE-frontend, ENSEMBLE_AGENT, or the header X-Ensemble-Agent.',
  })
}
