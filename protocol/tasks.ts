/** Tasks: what is to be done, by whom, and how far it is. */
import { z } from 'zod'
import { sequence, timestamp } from './files.js'
import { agentId, agentType, author, splitAgentId, taskId, writeId, type AgentType } from './ids.js'
import { workspacePath } from './paths.js'

export const taskStatus = z.enum(['ACTIVE', 'HALTED', 'COMPLETED'])
export type TaskStatus = z.infer<typeof taskStatus>

/** One agent · several of one model beside each other · Gemini plans, Claude implements, Codex reviews, all at once. */
export const taskMode = z.enum(['SOLO', 'PAR-MULTI', 'GCC-RT'])
export type TaskMode = z.infer<typeof taskMode>

export const subtaskState = z.enum(['waiting', 'running', 'review', 'done'])
export type SubtaskState = z.infer<typeof subtaskState>

/** An agent, or any agent of a type. */
export const assignee = z.union([agentId, agentType])
export type Assignee = z.infer<typeof assignee>

export function typeOfAssignee(one: Assignee): AgentType {
  const { data: agent } = agentId.safeParse(one)
  return agent === undefined ? agentType.parse(one) : splitAgentId(agent).type
}

/** Numbered within its task, from 1; a number is not given again. */
export const subtaskId = z.string().regex(/^[1-9]\d{0,8}$/, 'a subtask’s id is a number from 1')

/** Of one task. */
export const MAX_SUBTASKS = 200
/** Of all tasks; ended ones count. */
export const MAX_TASKS = 1_000
const MAX_TITLE = 500

/** One line, as it stands in Markdown. */
export const taskTitle = z
  .string()
  .trim()
  .min(1)
  .max(MAX_TITLE)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'a title is one line')

const percent = z.int().min(0).max(100)

export const subtask = z.object({
  id: subtaskId,
  title: taskTitle,
  assignee: assignee.nullable(),
  state: subtaskState,
  /** Subtasks of the same task that have to be done before it starts. */
  depends_on: z.array(subtaskId),
  progress: percent,
  /** Who changed it last. */
  by: author,
  updated_at: timestamp,
})
export type Subtask = z.infer<typeof subtask>

export const task = z.object({
  id: taskId,
  title: taskTitle,
  status: taskStatus,
  mode: taskMode,
  /** Who takes part: those that the task names, and everyone who has one of its subtasks. */
  agents: z.array(assignee),
  subtasks: z.array(subtask).max(MAX_SUBTASKS),
  /** The mean of its subtasks'; of a task without any 100 once it is completed. */
  progress: percent,
  /** The Markdown file that is in step with it; null: it has none any more. */
  file: workspacePath.nullable(),
  /** Who changed its status last. */
  by: author,
  created_at: timestamp,
  updated_at: timestamp,
})
export type Task = z.infer<typeof task>

/** A file that looks like a task's, and can't be read as one: it is left as it is, and the board too. */
export const taskFault = z.object({ file: workspacePath, message: z.string() })
export type TaskFault = z.infer<typeof taskFault>

const assigned = assignee.nullable().default(null)
const dependsOn = z.array(subtaskId).max(MAX_SUBTASKS)
const which = { subtask: subtaskId }

export const newTask = z.object({
  title: taskTitle,
  mode: taskMode.default('SOLO'),
  agents: z.array(assignee).max(100).default([]),
  subtasks: z
    .array(z.object({ title: taskTitle, assignee: assigned }))
    .max(MAX_SUBTASKS)
    .default([]),
})

/** What may be asked of one task. But for `add` it is the same the second time anyway. */
export const taskChange = z.discriminatedUnion('do', [
  z.object({ do: z.literal('add'), title: taskTitle, assignee: assigned, depends_on: dependsOn.default([]) }),
  /** `assignee: null` gives it back to everyone. */
  z.object({ do: z.literal('assign'), ...which, assignee: assignee.nullable() }),
  /** The asker takes it and begins: one of many that ask at once. `subtask: null`: the first that is free. */
  z.object({ do: z.literal('claim'), subtask: subtaskId.nullable().default(null) }),
  z.object({ do: z.literal('move'), ...which, state: subtaskState }),
  z.object({ do: z.literal('progress'), ...which, progress: percent }),
  /** In place of what it depended on. */
  z.object({ do: z.literal('depend'), ...which, depends_on: dependsOn }),
  /** `resume` also opens again what was completed. */
  z.object({ do: z.enum(['halt', 'resume', 'complete']) }),
])
export type TaskChange = z.infer<typeof taskChange>

/** A command to the board; with the same write id nothing is made twice. */
export const taskCommand = z.union([
  z.object({ writeId, create: newTask }),
  z.object({ writeId, task: taskId, change: taskChange }),
])
export type TaskCommand = z.infer<typeof taskCommand>
/** As it is asked for, before defaults. */
export type TaskAsk = z.input<typeof taskCommand>

/**
 * The task as it is now; `subtask`: the one that was meant, new or claimed. `changed: false`: it was so already. `event`: the
 * number of the event that tells it; absent: nothing was changed.
 */
export const taskReply = z.object({
  ...{ task, subtask: subtaskId.nullable(), changed: z.boolean() },
  event: sequence.optional(),
})
export type TaskReply = z.infer<typeof taskReply>

export const taskList = z.object({ tasks: z.array(task), faults: z.array(taskFault) })
export type TaskList = z.infer<typeof taskList>

/** In percent, whole. @param subtasks of the task, in any state */
export function rolledUp(status: TaskStatus, subtasks: readonly Pick<Subtask, 'progress'>[]): number {
  if (subtasks.length === 0) return status === 'COMPLETED' ? 100 : 0
  const sum = subtasks.reduce((total, { progress }) => total + progress, 0)
  return Math.floor(sum / subtasks.length)
}
