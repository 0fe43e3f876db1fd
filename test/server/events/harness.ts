/** The rooms of events with a storage that can fail, and a clock that is moved by hand. */
import { agentId, writeId, type AgentId, type Author } from '../../../protocol/ids.js'
import type { Addressee, WorkspaceEvent } from '../../../protocol/events.js'
import { EventLog } from '../../../server/events/event-log.js'
import { EventService } from '../../../server/events/event-service.js'
import { EventStream } from '../../../server/events/event-stream.js'
import { InboxService } from '../../../server/events/inbox-service.js'
import { MessageTable } from '../../../server/events/message-table.js'
import { CommitQueue } from '../../../server/storage/commit-queue.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock } from '../../support/manual-clock.js'

export const CLAUDE = agentId.parse('CLAUDE-backend')
export const CODEX = agentId.parse('CODEX-review')
export const GEMINI = agentId.parse('GEMINI-plan')

export function openEvents(storage = new FailingStorage(), clock = new ManualClock()) {
  const { now, elapsed, timers } = clock
  const onError = (error: unknown): void => {
    throw error
  }
  const queue = new CommitQueue({ storage, elapsed, timers, random: () => 0.5 })
  const log = new EventLog(storage, now)
  const stream = new EventStream(log, onError)
  const roles = new Map<AgentId, string[]>()
  const shared = { storage, queue, log, stream, messages: new MessageTable(storage) }
  const rolesOf = (agent: AgentId): string[] => roles.get(agent) ?? []
  const service = new EventService({ ...shared, rolesOf, now, defer: (run) => void setImmediate(run) })
  const inboxes = new InboxService({ ...shared, rolesOf, elapsed, onError })
  const told: WorkspaceEvent[] = []
  stream.subscribe((event) => told.push(event))
  let ids = log.seq
  return {
    ...shared,
    ...{ clock, service, inboxes, roles, told },
    say: (author: Author, data: object, to?: Addressee, id = `w_${++ids}`): Promise<WorkspaceEvent> =>
      service.publish({ writeId: writeId.parse(id), type: 'broadcast', data, ...(to && { to }) }, author),
    join: async (agent: AgentId): Promise<void> => {
      const [type = '', instance = ''] = agent.split('-')
      const data = { agent_type: type, instance, partition: null }
      const { event, rows } = log.append('agent:joined', agent, data as never)
      await queue.enqueue(rows)
      stream.publish(event)
      await queue.idle()
    },
  }
}
