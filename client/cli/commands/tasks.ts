/** `ensemble new`, `assign` and `tasks …`: what is to be done, by whom, and how far it is. */
import { randomUUID } from 'node:crypto'
import { EnsembleError } from '../../../protocol/errors.js'
import { agentId as agentIdSchema, type AgentId, type AgentInstance, type AgentType } from '../../../protocol/ids.js'
import {
  taskList,
  taskReply,
  type SubtaskState,
  type Task,
  type TaskList,
  type TaskMode,
} from '../../../protocol/tasks.js'
import { commandName, type Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer, type Server } from '../find-server.js'
import { Tags } from '../live/tags.js'
import { ask, getStatus } from '../server-api.js'
import { taskLines, taskWhole, type TaskWords } from '../views/tasks-view.js'
import { authorIn } from './conflicts.js'

interface Asked extends Wishes {
  readonly json?: boolean
}
interface Acting extends Asked {
  readonly as?: AgentId
}
interface InTask extends Acting {
  readonly task?: string
}

export async function listTasks({ json, ...wishes }: Asked, context: Context): Promise<ExitCode> {
  const server = await findServer(wishes, context)
  const found = await getTasks(server)
  if (json === true) context.print.json({ schema: 'ensemble.tasks/1', ...found })
  else context.print.lines(taskLines(found, await wordsFor(server, context)))
  return EXIT.ok
}

export async function showTask(typed: string | undefined, options: Asked, context: Context): Promise<ExitCode> {
  const { json, ...wishes } = options
  const server = await findServer(wishes, context)
  const task = pickTask(await getTasks(server), typed, () => true)
  if (json === true) context.print.json({ schema: 'ensemble.task/1', task })
  else context.print.lines(taskWhole(task, await wordsFor(server, context)))
  return EXIT.ok
}

export interface NewOptions extends Acting {
  readonly title: string
  readonly mode: TaskMode
  readonly subtask?: readonly string[]
}

export async function newTask(options: NewOptions, context: Context): Promise<ExitCode> {
  const { title, mode, subtask = [] } = options
  const server = await findServer(wishesOf(options), context)
  const body = { title, mode, subtasks: subtask.map((one) => ({ title: one })) }
  return await tell(server, '/api/tasks', body, options, context)
}

export interface AssignOptions extends InTask {
  readonly instance: AgentInstance
  readonly agent?: AgentType
  readonly subtask: string
}

/** A subtask that the task does not have yet is added to it. */
export async function assignSubtask(options: AssignOptions, context: Context): Promise<ExitCode> {
  const server = await findServer(wishesOf(options), context)
  const task = pickTask(await getTasks(server), options.task, isOpen)
  const assignee = await agentOf(server, options)
  const known = subtaskIn(task, options.subtask)
  const body =
    known === undefined
      ? { do: 'add', title: options.subtask, assignee }
      : { do: 'assign', subtask: known.id, assignee }
  return await tell(server, addressOf(task), body, options, context)
}

/** Who of those that are connected is called so; of others the type has to be said. */
async function agentOf(server: Server, { instance, agent }: AssignOptions): Promise<AgentId> {
  if (agent !== undefined) return agentIdSchema.parse(`${agent}-${instance}`)
  const { agents } = await getStatus(server)
  const found = agents.find((one) => one.instance === instance)
  if (found !== undefined) return found.agentId
  const named = agents.map((one) => one.agentId).join(', ')
  throw new EnsembleError(
    'E_NOT_FOUND',
    `No agent called ${instance} is connected${named === '' ? '' : `; there are ${named}`}.`,
    {
      hint: 'For one who is not here yet say its type, too, as --agent CLAUDE.',
    },
  )
}

/** A change of one subtask, or of the whole task. */
export type Step =
  | { readonly do: 'claim'; readonly subtask?: string | undefined }
  | { readonly do: 'move'; readonly subtask: string; readonly state: SubtaskState }
  | { readonly do: 'progress'; readonly subtask: string; readonly progress: number }
  | { readonly do: 'depend'; readonly subtask: string; readonly on: readonly string[] }
  | { readonly do: 'halt' | 'resume' | 'complete' }

export async function changeTask(step: Step, options: InTask, context: Context): Promise<ExitCode> {
  const server = await findServer(wishesOf(options), context)
  const isMeant = step.do === 'resume' ? (task: Task) => task.status !== 'ACTIVE' : isOpen
  const task = pickTask(await getTasks(server), options.task, isMeant)
  return await tell(server, addressOf(task), bodyOf(step, task), options, context)
}

function bodyOf(step: Step, task: Task): object {
  switch (step.do) {
    case 'claim':
      return { do: 'claim', subtask: step.subtask === undefined ? null : idIn(task, step.subtask) }
    case 'move':
      return { do: 'move', subtask: idIn(task, step.subtask), state: step.state }
    case 'progress':
      return { do: 'progress', subtask: idIn(task, step.subtask), progress: step.progress }
    case 'depend':
      return { do: 'depend', subtask: idIn(task, step.subtask), depends_on: step.on.map((one) => idIn(task, one)) }
    default:
      return step
  }
}

async function tell(server: Server, path: string, body: object, options: Acting, context: Context): Promise<ExitCode> {
  const author = options.as ?? authorIn(context)
  const headers = { 'Idempotency-Key': randomUUID(), ...(author === undefined ? {} : { 'X-Ensemble-Agent': author }) }
  const reply = await ask(server, path, taskReply, { body, headers })
  if (options.json === true) context.print.json({ schema: 'ensemble.task-changed/1', ...reply })
  else context.print.lines(taskWhole(reply.task, await wordsFor(server, context), reply.subtask))
  return EXIT.ok
}

const isOpen = ({ status }: Task): boolean => status !== 'COMPLETED'
const addressOf = ({ id }: Task): string => `/api/tasks/${encodeURIComponent(id)}`

export async function getTasks(server: Server): Promise<TaskList> {
  return await ask(server, '/api/tasks', taskList)
}

/** By its id, or how that begins; without one the only task that is meant. @throws EnsembleError E_NOT_FOUND, E_USAGE */
function pickTask({ tasks }: TaskList, typed: string | undefined, isMeant: (task: Task) => boolean): Task {
  const exact = tasks.filter(({ id }) => id === typed)
  const meant = typed === undefined ? tasks.filter(isMeant) : tasks.filter(({ id }) => id.startsWith(typed))
  const found = exact.length > 0 ? exact : meant
  const [task, ...others] = found
  const there = tasks.slice(0, 10).map(({ id, title }) => `${id} "${title}"`)
  if (task === undefined) {
    const what = typed === undefined ? 'There is no task for that.' : `There is no task ${typed}.`
    throw new EnsembleError(
      'E_NOT_FOUND',
      `${what} ${there.length === 0 ? 'There is none yet.' : `There are: ${there.join(', ')}.`}`,
      {
        hint: there.length === 0 ? 'Make one.' : 'See all of them.',
        data: { try: there.length === 0 ? 'ensemble new --title "…"' : 'ensemble tasks list' },
      },
    )
  }
  if (others.length === 0) return task
  throw new EnsembleError(
    'E_USAGE',
    `Which task? There are ${found
      .slice(0, 10)
      .map(({ id, title }) => `${id} "${title}"`)
      .join(', ')}.`,
    {
      hint: 'Name it with its id.',
      data: { try: 'ensemble tasks list' },
    },
  )
}

function subtaskIn({ subtasks }: Task, typed: string): Task['subtasks'][number] | undefined {
  return subtasks.find(({ id }) => id === typed) ?? subtasks.find(({ title }) => title === typed.trim())
}

/** By number or title. What is neither is left to the server, which says what there is. */
function idIn(task: Task, typed: string): string {
  const known = subtaskIn(task, typed)
  if (known !== undefined) return known.id
  const shown = task.subtasks.slice(0, 10).map(({ id, title }) => `${id} "${title}"`)
  throw new EnsembleError(
    'E_NOT_FOUND',
    `Task ${task.id} has no subtask ${typed}. ${shown.length === 0 ? 'It has none yet.' : `It has: ${shown.join(', ')}.`}`,
    {
      hint: 'Name it by its number or its title.',
      data: { try: `ensemble tasks show ${task.id}` },
    },
  )
}

function wishesOf({ url, tokenFile }: Asked): Wishes {
  return { ...(url === undefined ? {} : { url }), ...(tokenFile === undefined ? {} : { tokenFile }) }
}

async function wordsFor(server: Server, context: Context): Promise<TaskWords> {
  const tags = new Tags()
  tags.learn((await getStatus(server)).agents)
  return { nameOf: (author) => tags.name(author), paint: context.print.paint, command: commandName(context.env) }
}
