/** Commands to the board, as tests write them: flat. */
import type { z } from 'zod'
import { taskCommand, type newTask, type taskChange, type TaskCommand } from '../../../protocol/tasks.js'

type Created = { readonly do: 'create'; readonly writeId: string } & z.input<typeof newTask>
type Changed = z.input<typeof taskChange> & { readonly task: string; readonly writeId?: string }
export type Short = Created | Changed

export function commandOf(short: Short): TaskCommand {
  if (short.do === 'create') {
    const { do: _, writeId, ...create } = short
    return taskCommand.parse({ writeId, create })
  }
  const { task, writeId = 'w', ...change } = short
  return taskCommand.parse({ writeId, task, change })
}
