/** Writes to the board, each of which offers to be taken back. */
import { trusted } from '../../client/sdk/trusted.js'
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Task, TaskChange, TaskReply } from '../../protocol/tasks.js'
import type { TaskWish } from '../link.js'
import { withOffer } from '../model/offer.js'
import { undoOf, withoutLine, type Undoing } from '../model/undo.js'
import type { Route } from '../router.js'
import { usePage, type Page } from './context.js'

/** @returns what carries out a wish. It throws what the board says against it, as an EnsembleError. */
export function useBoardWrites(): (wish: TaskWish) => Promise<TaskReply> {
  const page = usePage()
  return async (wish) => {
    const before = 'task' in wish ? taskNow(page, wish.task) : undefined
    const reply = await page.link.task(wish)
    const undoing = undoOf(before, wish, reply)
    if (undoing !== null) {
      const { back } = undoing
      const rest = back.kind === 'change' ? [...back.changes] : []
      page.undo.value = withOffer(page.undo.peek(), {
        id: `${reply.task.id} ${reply.task.updated_at}`,
        words: undoing.words,
        isTold: ({ seq }) => seq === reply.event,
        builtOn: () => undoing.builtOn(page.store.tasks.value.tasks.find(({ id }) => id === undoing.task)),
        run: () => takeBack(page, undoing, rest),
      })
    }
    return reply
  }
}

function taskNow({ store }: Page, id: Task['id']): Task | undefined {
  return store.tasks.peek().tasks.find((task) => task.id === id)
}

/** @param rest the changes that are still to be made; after a failure it goes on from there */
async function takeBack(page: Page, { task, back }: Undoing, rest: TaskChange[]): Promise<string> {
  const { link } = page
  switch (back.kind) {
    case 'change':
      for (let change = rest[0]; change !== undefined; change = rest[0]) {
        await link.task({ task, change })
        rest.shift()
      }
      return 'The board reads as before.'
    case 'take-out': {
      const file = fileOf(page, task)
      await link.rewrite(file, (text) => withoutLine(text, back.subtask) ?? missing(file))
      leave(page, { view: 'tasks', id: task, subtask: null })
      return `Its line is out of ${file}.`
    }
    case 'dump': {
      const to = placeToDump(page, task)
      await link.rename(fileOf(page, task), to)
      leave(page, { view: 'tasks', id: null, subtask: null })
      return `It is off the board; its file is ${to}.`
    }
    default:
      return unreachable(back)
  }
}

/** A task that was made and dumped before had the same name, and lies there. */
function placeToDump({ store }: Page, task: Task['id']): WorkspacePath {
  for (let copy = 1; ; copy += 1) {
    const path = trusted<WorkspacePath>(`.notes/DUMPED/${task}${copy === 1 ? '' : `-${copy}`}.md`)
    if (store.head(path)?.deleted ?? true) return path
  }
}

/** To where something still is, from the page of what is no more. */
function leave({ router }: Page, to: Extract<Route, { view: 'tasks' }>): void {
  const here = router.route.peek()
  if (here.view === 'tasks' && (to.id === null ? here.id !== null : here.id === to.id)) router.go(to)
}

function fileOf(page: Page, id: Task['id']): WorkspacePath {
  const file = taskNow(page, id)?.file ?? null
  if (file !== null) return file
  throw new EnsembleError('E_NOT_FOUND', 'The task has no file, and is taken off the board by that alone.', {
    hint: 'Where it was made just now, its file is being written: try again.',
  })
}

function missing(file: WorkspacePath): never {
  throw new EnsembleError('E_NOT_FOUND', `No line of ${file} reads like this subtask.`, {
    hint: 'Open the file, and take its line out there.',
  })
}
