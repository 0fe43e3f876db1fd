/** Which types of agents there are. */
import { EnsembleError } from '../../protocol/errors.js'
import { agentOfAuthor, PERSON_TYPE, splitAgentId, type AgentType, type Author } from '../../protocol/ids.js'

/** @throws EnsembleError E_AGENT_TYPE */
export function assertAgentType(types: readonly AgentType[], type: AgentType): void {
  if (types.includes(type)) return
  throw new EnsembleError('E_AGENT_TYPE', `${type} is no type of agent here; known are ${types.join(', ')}.`, {
    hint: 'Add it to agentTypes in ensemble.config.json of the workspace.',
    data: { types },
  })
}

/** For whoever acts as an agent without a session of its own; a person with a name may, too. @throws EnsembleError E_AGENT_TYPE */
export function assertKnownAuthor(types: readonly AgentType[], author: Author): void {
  const agent = agentOfAuthor(author)
  if (agent === undefined) return
  const { type } = splitAgentId(agent)
  if (type !== PERSON_TYPE) assertAgentType(types, type)
}
