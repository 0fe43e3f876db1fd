/** Whom an event is for. Without the schemas, which are half of a page. */
import type { Addressee } from './events.js'

/** Whether an event with this address is for an agent. @param roles that the agent named itself */
export function isFor(to: Addressee | undefined, agent: string, roles: readonly string[]): boolean {
  if (to === undefined) return true
  if ('agent' in to) return to.agent === agent
  return to.role === agent.slice(0, agent.indexOf('-')) || roles.includes(to.role)
}
