/** `ensemble broadcast`, `ack` and `inbox`: what agents say to each other, from a shell or a hook. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { parseAgentEvent } from '../../../protocol/agent-events.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { inbox } from '../../../protocol/event-requests.js'
import type { Addressee } from '../../../protocol/events.js'
import type { AgentId } from '../../../protocol/ids.js'
import { methods } from '../../../protocol/messages.js'
import type { Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { jsonArgument } from '../json-argument.js'
import { digest } from '../live/event-lines.js'
import { Tags } from '../live/tags.js'
import { ask } from '../server-api.js'
import { count } from '../words.js'
import { authorIn } from './conflicts.js'

interface Acting extends Wishes {
  readonly as?: AgentId
  readonly json?: boolean
}

export interface BroadcastOptions extends Acting {
  readonly data: string
  readonly to?: Addressee
  readonly role?: Addressee
}

export async function broadcast(type: string, options: BroadcastOptions, context: Context): Promise<ExitCode> {
  const { data: text, to, role, as, json, ...wishes } = options
  const data = jsonArgument(text, '--data')
  parseAgentEvent(type, data) // what is wrong with it is said also where no server answers
  const author = as ?? authorIn(context)
  const server = await findServer(wishes, context)
  const addressed = to ?? role
  const { event } = await ask(server, '/api/events', methods.publish.result, {
    body: { type, data, ...(addressed === undefined ? {} : { to: addressed }) },
    headers: { 'Idempotency-Key': randomUUID(), ...headersOf(author) },
  })
  if (json === true) context.print.json({ schema: 'ensemble.event/1', event })
  else context.print.lines([`Event ${event.seq}: ${digest([event], (who) => who)}`])
  return EXIT.ok
}

export async function acknowledge(seq: number, { as, json, ...wishes }: Acting, context: Context): Promise<ExitCode> {
  const author = agentFor(as, context)
  const server = await findServer(wishes, context)
  const headers = headersOf(author)
  const { event } = await ask(server, `/api/events/${seq}/acknowledge`, methods.acknowledge.result, {
    body: {},
    headers,
  })
  if (json === true) context.print.json({ schema: 'ensemble.event/1', event })
  else context.print.lines([`${author} has taken note of event ${seq}.`])
  return EXIT.ok
}

export interface InboxOptions extends Acting {
  readonly peek?: boolean
  readonly n: number
}

/** A receipt follows as soon as the messages are printed; with --peek they stay. */
export async function showInbox({ as, json, peek, n, ...wishes }: InboxOptions, context: Context): Promise<ExitCode> {
  const { print } = context
  const author = agentFor(as, context)
  const server = await findServer(wishes, context)
  const headers = headersOf(author)
  const found = await ask(server, `/api/inbox?take=${peek === true ? 0 : 1}&limit=${n}`, inbox, { headers })
  const { messages, forgotten, taken } = found
  if (json === true) print.json({ schema: 'ensemble.inbox/1', ...found })
  else if (messages.length === 0) print.lines([taken ? 'Someone else has the messages in hand.' : 'No message waits.'])
  else {
    const tags = new Tags()
    print.lines(
      messages.map((event) => `${String(event.seq).padStart(6)}  ${digest([event], (who) => tags.name(who))}`),
    )
  }
  if (forgotten) print.say('Some messages came so long ago that they were forgotten unread.')
  const last = messages.at(-1)
  if (last === undefined || peek === true) return EXIT.ok
  const schema = z.object({ waiting: z.number() })
  const { waiting } = await ask(server, '/api/inbox/receipt', schema, { body: { through: last.seq }, headers })
  if (json !== true && waiting > 0) print.lines(['', `${count(waiting, 'message waits', 'messages wait')} still.`])
  return EXIT.ok
}

function headersOf(author: AgentId | undefined): Record<string, string> {
  return author === undefined ? {} : { 'X-Ensemble-Agent': author }
}

/** @throws EnsembleError E_USAGE */
export function agentFor(as: AgentId | undefined, context: Context): AgentId {
  const author = as ?? authorIn(context)
  if (author !== undefined) return author
  throw new EnsembleError('E_USAGE', 'Which agent asks?', {
    hint: 'Name it with --as, as CLAUDE-frontend (else ENSEMBLE_AGENT).',
  })
}
