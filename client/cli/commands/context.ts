/** `ensemble context get|add`: what everyone has to know. */
import { randomUUID } from 'node:crypto'
import { contextReply, sharedContext, type ContextKind } from '../../../protocol/context.js'
import type { AgentId } from '../../../protocol/ids.js'
import type { Context } from '../context.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { ask } from '../server-api.js'
import { authorName } from '../views/history-view.js'
import { authorIn } from './conflicts.js'
import type { AskOptions } from './status.js'

export async function getContext({ json, ...wishes }: AskOptions, context: Context): Promise<ExitCode> {
  const shared = await ask(await findServer(wishes, context), '/api/context', sharedContext)
  if (json === true) {
    context.print.json({ schema: 'ensemble.context/1', ...shared })
    return EXIT.ok
  }
  const { task, active_agents: agents, decisions, notes, facts } = shared
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines]
  context.print.lines([
    task === null ? 'There is no task.' : `${task.title}: ${task.status}, ${task.mode}`,
    agents.length === 0 ? 'No agent is connected.' : `Agents: ${agents.map(({ agent_id }) => agent_id).join(', ')}`,
    ...list(
      'Decisions',
      decisions.map(({ text, by }) => `  ${text}  (${authorName(by)})`),
    ),
    ...list(
      'Facts',
      facts.map(({ id, text }) => `  ${id}: ${text}`),
    ),
    ...list(
      'Notes',
      notes.map(({ text, by }) => `  ${text}  (${authorName(by)})`),
    ),
  ])
  return EXIT.ok
}

export interface AddOptions extends AskOptions {
  readonly key?: string
  readonly as?: AgentId
}

export async function addContext(
  kind: ContextKind,
  text: string,
  options: AddOptions,
  context: Context,
): Promise<ExitCode> {
  const { json, key, as, ...wishes } = options
  const author = as ?? authorIn(context)
  const headers = { 'Idempotency-Key': randomUUID(), ...(author === undefined ? {} : { 'X-Ensemble-Agent': author }) }
  const body = { kind, text, ...(key === undefined ? {} : { id: key }) }
  const reply = await ask(await findServer(wishes, context), '/api/context', contextReply, { body, headers })
  if (json === true) context.print.json({ schema: 'ensemble.context-added/1', ...reply })
  else context.print.lines([`Everyone knows the ${kind} now.`])
  return EXIT.ok
}
