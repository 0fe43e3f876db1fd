/** Who a session is, by its hello: an agent that joins, a person who acts in a page, or someone without a name. */
import { agentIdOf, PERSON_TYPE } from '../../protocol/ids.js'
import type { Hello } from '../../protocol/messages.js'
import type { PresenceService } from '../presence/presence-service.js'
import type { Identity } from './session.js'

/**
 * @param replaced called when the same agent connects again from elsewhere
 * @throws EnsembleError E_AGENT_TAKEN, E_AGENT_TYPE
 */
export function identify(
  presence: Pick<PresenceService, 'join' | 'folder' | 'leave'>,
  { agent, person }: Hello,
  replaced: () => void,
): Identity {
  if (agent === null) {
    const author = person === undefined ? 'PEER' : agentIdOf(PERSON_TYPE, person)
    return { author, agentId: null, secret: null, ended: () => undefined }
  }
  const membership = presence.join(agent, replaced)
  return {
    author: membership.agent.agentId,
    agentId: membership.agent.agentId,
    secret: membership.secret,
    folder: (folder) => {
      presence.folder(membership, folder)
    },
    ended: (reason) => {
      presence.leave(membership, reason)
    },
  }
}
