/**
 * A task and its file, brought in step: what of the file goes to the board, and what of the board goes into the file.
 *
 * 1. Content decides: what differs from what both sides last agreed upon has changed there, whoever wrote it and when.
 * 2. What changed on one side goes to the other. Where both changed the same thing the file stands: it is what people see.
 * 3. An edit changes only what its author changed on the board; what is in step needs no edit, so there are no loops.
 */
import {
  agentEdits,
  appendEdit,
  itemEdits,
  statusEdit,
  type TaskFile,
  type TaskItem,
} from '../../protocol/task-markdown.js'
import type { Author } from '../../protocol/ids.js'
import type { Assignee, Subtask, Task, TaskMode, TaskStatus } from '../../protocol/tasks.js'
import type { Edit, Edits } from '../../protocol/text/edits.js'
import { finished, newSubtask, settled, type Entry } from './task-board.js'

/** What the file said when it was read last. */
export interface Agreed {
  readonly title: string | null
  readonly status: TaskStatus | null
  /** The status that its folder stands for; null: none. */
  readonly folder: TaskStatus | null
  readonly mode: TaskMode
  readonly agents: readonly Assignee[]
  readonly items: readonly (TaskItem & { readonly id: string })[]
}

export interface InStep {
  readonly entry: Entry
  readonly agreed: Agreed
  /** Edits of the text by the first author who has some; null: the file says what the board says. */
  readonly write: { readonly author: Author; readonly edits: Edits } | null
}

/** Of a file that was just made for a task, as long as nobody has read it. */
export function asMade({ title, mode, agents }: Task, folder: TaskStatus | null): Agreed {
  return { title, status: 'ACTIVE', folder, mode, agents, items: [] }
}

/** A task that is known by its file alone, before it is read. */
export function unread(id: Task['id'], name: string, author: Author, now: number): Entry {
  const task: Task = {
    ...{ id, title: name, status: 'ACTIVE', mode: 'SOLO', agents: [], subtasks: [], progress: 0, file: null },
    ...{ by: author, created_at: now, updated_at: now },
  }
  return { task, next: 1, asked: {} }
}

export interface Reading {
  readonly text: string
  readonly file: TaskFile
  readonly folder: TaskStatus | null
  /** Whoever wrote the file last. */
  readonly author: Author
}

/** @param agreed null: the two never were in step */
export function reconcileFile(before: Entry, agreed: Agreed | null, reading: Reading, now: number): InStep {
  const { file, folder, author } = reading
  const ids = matchItems(file.items, agreed?.items ?? [], before.task.subtasks)
  const { next, subtasks } = followItems(before, agreed, reading, ids, now)
  const status = statusOf(before.task, agreed, file.status, folder)
  const named = agreed !== null && agreed.agents.join() === file.agents.join() ? before.task.agents : file.agents
  const followed: Task = {
    ...before.task,
    title: file.title === null || file.title === agreed?.title ? before.task.title : file.title,
    mode: file.mode === agreed?.mode ? before.task.mode : file.mode,
    agents: [...named],
    subtasks: subtasks.map(({ subtask }) => subtask),
    status,
    by: status === before.task.status ? before.task.by : author,
  }
  const whole = settled(followed, now)
  const isSame = JSON.stringify({ ...whole, updated_at: 0 }) === JSON.stringify({ ...before.task, updated_at: 0 })
  const entry = { ...before, next, task: isSame ? before.task : whole }
  const items = subtasks.flatMap(({ subtask: { id }, index }) => {
    const item = index === null ? undefined : file.items[index]
    return item === undefined ? [] : [{ id, ...item }]
  })
  const { title, mode, agents } = file
  return {
    entry,
    agreed: { title, status: file.status, folder, mode, agents, items },
    write: editsFor(reading, entry.task, new Map(subtasks.map(({ subtask: { id }, index }) => [id, index]))),
  }
}

/** The key in the file, then the folder, then the board: whichever changed. */
function statusOf(task: Task, agreed: Agreed | null, said: TaskStatus | null, folder: TaskStatus | null): TaskStatus {
  // A file that is new here stands where it was put, though nobody may have changed its key since.
  if (agreed === null) return folder ?? said ?? task.status
  if (said !== null && said !== agreed.status) return said
  if (folder !== null && folder !== agreed.folder) return folder
  return task.status
}

type Known = Pick<Subtask, 'id' | 'title' | 'assignee'>
const nameOf = ({ title, assignee }: Pick<Subtask, 'title' | 'assignee'>): string => `${assignee ?? ''}: ${title}`

/**
 * The subtask of each line: by its words as they were agreed upon, as the board has them now, by its title alone; what is
 * left between the same neighbours on both sides was edited. Undefined: it is new.
 */
function matchItems(
  items: readonly TaskItem[],
  agreed: readonly Known[],
  board: readonly Known[],
): (string | undefined)[] {
  const ids = items.map((): string | undefined => undefined)
  const taken = new Set<string>()
  const present = new Set(board.map(({ id }) => id))
  const were = agreed.filter(({ id }) => present.has(id))
  const pass = (known: readonly Known[], wordsOf: (one: Pick<Subtask, 'title' | 'assignee'>) => string): void => {
    const free = new Map<string, string[]>()
    for (const one of known) {
      if (!taken.has(one.id)) free.set(wordsOf(one), [...(free.get(wordsOf(one)) ?? []), one.id])
    }
    for (const [index, item] of items.entries()) {
      const id = ids[index] === undefined ? free.get(wordsOf(item))?.shift() : undefined
      if (id === undefined) continue
      ids[index] = id
      taken.add(id)
    }
  }
  pass(were, nameOf)
  pass(board, nameOf)
  pass(were, ({ title }) => title)
  const order = were.map(({ id }) => id)
  for (let index = 0; index < ids.length; index++) {
    if (ids[index] !== undefined) continue
    const before = ids[index - 1]
    const next = order[before === undefined ? 0 : order.indexOf(before) + 1]
    if ((index > 0 && before === undefined) || next === undefined || taken.has(next)) continue
    ids[index] = next
    taken.add(next)
  }
  return ids
}

interface Followed {
  readonly subtask: Subtask
  /** Of its line; null: it has none yet. */
  readonly index: number | null
}

function followItems(
  { task, next: first }: Entry,
  agreed: Agreed | null,
  { file, author }: Reading,
  ids: readonly (string | undefined)[],
  now: number,
): { readonly next: number; readonly subtasks: readonly Followed[] } {
  let next = first
  const known = new Map(task.subtasks.map((one) => [one.id, one]))
  const were = new Map(agreed?.items.map((item) => [item.id, item]))
  const listed = file.items.map((item, index): Followed => {
    const id = ids[index]
    const subtask = id === undefined ? undefined : known.get(id)
    if (subtask === undefined) {
      const made = newSubtask(String(next++), item, [], author, now)
      return { subtask: item.done ? finished(made) : made, index }
    }
    return { subtask: followItem(subtask, were.get(subtask.id), item, author, now), index }
  })
  const inFile = new Set(ids)
  // What stood in the file and does so no more was taken out by someone; what never did is still to be written.
  const unwritten = task.subtasks.filter(({ id }) => !inFile.has(id) && !were.has(id))
  const subtasks = [...listed, ...unwritten.map((subtask): Followed => ({ subtask, index: null }))]
  const left = new Set(subtasks.map(({ subtask }) => subtask.id))
  return { next, subtasks: subtasks.map((one) => withoutGone(one, left)) }
}

function withoutGone(one: Followed, left: ReadonlySet<string>): Followed {
  const { depends_on } = one.subtask
  if (depends_on.every((id) => left.has(id))) return one
  return { ...one, subtask: { ...one.subtask, depends_on: depends_on.filter((id) => left.has(id)) } }
}

/** @param before what the line said; undefined: the board wrote it a moment ago */
function followItem(
  subtask: Subtask,
  before: TaskItem | undefined,
  item: TaskItem,
  author: Author,
  now: number,
): Subtask {
  const was = before ?? { ...item, done: false }
  let after = subtask
  if (item.title !== was.title && item.title !== after.title) after = { ...after, title: item.title }
  if (item.assignee !== was.assignee && item.assignee !== after.assignee) {
    // Whoever has it now has not begun.
    const state = after.state === 'running' ? 'waiting' : after.state
    after = { ...after, assignee: item.assignee, state }
  }
  if (item.done !== was.done && item.done !== (after.state === 'done')) {
    after = item.done ? finished(after) : { ...after, state: 'waiting', progress: 0 }
  }
  return after === subtask ? subtask : { ...after, by: author, updated_at: now }
}

function editsFor(
  { text, file, folder }: Reading,
  task: Task,
  places: ReadonlyMap<string, number | null>,
): InStep['write'] {
  const wanted: { readonly author: Author; readonly edits: readonly Edit[] }[] = []
  if ((file.status ?? folder ?? 'ACTIVE') !== task.status)
    wanted.push({ author: task.by, edits: [statusEdit(text, file, task.status)] })
  for (const { assignee, by } of task.subtasks) {
    if (assignee !== null && agentEdits(file, [assignee]).length > 0) {
      wanted.push({ author: by, edits: agentEdits(file, task.agents) })
      break
    }
  }
  const missing: { readonly author: Author; readonly item: TaskItem }[] = []
  for (const { id, title, assignee, state, by } of task.subtasks) {
    const item = { title, assignee, done: state === 'done' }
    const index = places.get(id) ?? null
    if (index === null) missing.push({ author: by, item })
    else wanted.push({ author: by, edits: itemEdits(text, file, index, item) })
  }
  const author = wanted.find(({ edits }) => edits.length > 0)?.author ?? missing[0]?.author
  if (author === undefined) return null
  const edits = wanted.filter((one) => one.author === author).flatMap((one) => one.edits)
  // Lines go in one after the other, so that they stand in the order of the board.
  const until = missing.findIndex((one) => one.author !== author)
  const own = missing.slice(0, until === -1 ? undefined : until).map(({ item }) => item)
  if (own.length > 0) edits.push(appendEdit(text, file, own))
  return { author, edits: edits.sort((a, b) => a.at - b.at) }
}
