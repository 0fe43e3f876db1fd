/** Ids as a program gives them. One that can't be one names nothing that there is. */
import { EnsembleError } from '../../protocol/errors.js'
import { conflictId, taskId, type ConflictId, type TaskId } from '../../protocol/ids.js'

/** @throws EnsembleError E_NOT_FOUND */
export function parseTask(id: string): TaskId {
  const parsed = taskId.safeParse(id)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_NOT_FOUND', `There is no task ${id}.`)
}

/** @throws EnsembleError E_NOT_FOUND */
export function parseConflict(id: string): ConflictId {
  const parsed = conflictId.safeParse(id)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_NOT_FOUND', `There is no conflict ${id}.`)
}
