/** What a program asks for, as it writes it down: names are plain text, and what is left out has its default. */
import { type z } from 'zod'
import { presenceCommand } from '../../protocol/agents.js'
import { EnsembleError } from '../../protocol/errors.js'
import { faultsOf } from '../../protocol/faults.js'
import { revertTarget, type RevertTarget } from '../../protocol/history.js'
import { newTask, taskChange, type TaskChange } from '../../protocol/tasks.js'

/** A task to be made. `mode` SOLO, and nobody and nothing in it, unless told. */
export type TaskPlan = z.input<typeof newTask>
/** Whose or which revisions are to be taken back. */
export type RevertAsk = z.input<typeof revertTarget>
/** What an agent does, and where. */
export type PresenceAsk = z.input<typeof presenceCommand>

/** @throws EnsembleError E_BAD_REQUEST */
export function parsePlan(plan: TaskPlan): z.output<typeof newTask> {
  return parsed(
    newTask,
    plan,
    'It reads {title: "Checkout", subtasks: [{title: "Form", assignee: "CLAUDE-frontend"}]}.',
  )
}

/** @throws EnsembleError E_BAD_REQUEST */
export function parseChange(change: object): TaskChange {
  return parsed(taskChange, change, 'A subtask is named by its number, as "2", and an agent as CLAUDE-frontend.')
}

/** @throws EnsembleError E_BAD_REQUEST */
export function parseRevert(target: RevertAsk): RevertTarget {
  return parsed(revertTarget, target, 'It reads {kind: "author", author: "CODEX-api", path: null, since: null}.')
}

/** @throws EnsembleError E_BAD_REQUEST */
export function parsePresence(presence: PresenceAsk): z.output<typeof presenceCommand> {
  return parsed(presenceCommand, presence, 'It reads {state: "testing", file: "src/app.ts"}.')
}

/** @throws EnsembleError E_BAD_REQUEST, with each field at fault */
export function parsed<T>(schema: z.ZodType<T>, given: unknown, hint: string): T {
  const read = schema.safeParse(given)
  if (read.success) return read.data
  throw new EnsembleError('E_BAD_REQUEST', `This can't be asked for: ${faultsOf(read.error).join('; ')}`, { hint })
}
