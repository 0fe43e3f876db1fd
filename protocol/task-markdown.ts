/**
 * A task's Markdown file (`task.md`, `.notes/ACTIVE/TASK-….md`): what it says, and how to change it.
 *
 * 1. A file is never written anew. A change is the smallest edits of the text as it stands, so that everything that is not
 *    ours (other keys and sections, comments, prose, line ends, a byte-order mark) stays byte for byte.
 * 2. What was written reads back as what was meant.
 * 3. What can't be read without guessing is a fault, said in words; nothing is taken from such a file.
 */
import { isScalar, isSeq, parseDocument, type Document } from 'yaml'
import { agentId, agentType, taskId, type TaskId } from './ids.js'
import { assignee as assigneeSchema, MAX_SUBTASKS, taskStatus, taskTitle } from './tasks.js'
import type { Assignee, TaskMode, TaskStatus } from './tasks.js'
import type { Edit } from './text/edits.js'

/** Larger ones are not read. In UTF-16 code units. */
export const MAX_TASK_FILE = 1024 * 1024

const FOLDERS = ['INBOX', 'ACTIVE', 'HALTED', 'DUMPED', 'COMPLETED'] as const
export type TaskFolder = (typeof FOLDERS)[number]
const NOTE = new RegExp(`^[.]notes/(${FOLDERS.join('|')})/(TASK-[^/]*)[.]md$`)

/** Where a path says that a task's file stands; undefined: no task's file. `folder: null` is `task.md` itself. */
export function taskPlace(path: string): { readonly folder: TaskFolder | null; readonly name: string } | undefined {
  if (path === 'task.md') return { folder: null, name: 'task' }
  const [, folder, name] = NOTE.exec(path) ?? []
  const known = FOLDERS.find((one) => one === folder)
  return known === undefined || name === undefined ? undefined : { folder: known, name }
}

/** A line of the check list. */
export interface TaskItem {
  readonly title: string
  readonly assignee: Assignee | null
  readonly done: boolean
}

/** Where a line stands: its box, and what follows that. Offsets in UTF-16 code units. */
interface ItemPlace {
  readonly box: number
  readonly words: { readonly from: number; readonly to: number }
}

export interface TaskFile {
  readonly id: TaskId
  /** Null: the file does not say. */
  readonly title: string | null
  readonly status: TaskStatus | null
  readonly mode: TaskMode
  readonly agents: readonly Assignee[]
  readonly items: readonly TaskItem[]
  readonly places: {
    readonly status: { readonly from: number; readonly to: number } | null
    /** Before the bracket that closes a list of agents on one line; null: there is none to which a name can be added. */
    readonly agents: number | null
    /** Before the line that closes the front matter. */
    readonly frontEnd: number
    readonly items: readonly ItemPlace[]
    /** Where another line of the list goes; null: there is no section for it. */
    readonly append: number | null
    readonly eol: string
  }
}

/** `foreign`: not a task's file. `aside`: not on the board (yet, or any more), whatever else it says. */
export type TaskReading =
  | { readonly kind: 'task'; readonly file: TaskFile }
  | { readonly kind: 'aside'; readonly id: TaskId }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'fault'; readonly message: string }

const ASIDE: ReadonlySet<string> = new Set(['INBOX', 'DUMPED'])

/** @param types of agents: whoever stands before a subtask's title is one of these, as `CLAUDE-frontend:` or `CLAUDE:` */
export function readTask(
  text: string,
  place: NonNullable<ReturnType<typeof taskPlace>>,
  types: readonly string[],
): TaskReading {
  const start = text.startsWith('\uFEFF') ? 1 : 0
  if (text.length > MAX_TASK_FILE) return fault(`it is longer than ${MAX_TASK_FILE} characters`)
  const front = frontMatter(text, start)
  if (front === undefined) return { kind: 'foreign' }
  if (front === 'open') return fault('its front matter has no end: a line "---" is missing')
  const yaml = parseDocument(text.slice(front.from, front.to), { logLevel: 'silent', keepSourceTokens: false })
  const [broken] = yaml.errors
  if (broken !== undefined) {
    const line = 2 + newlines(text.slice(front.from, front.from + broken.pos[0]))
    return fault(`its front matter is not valid YAML, line ${line}: ${firstLine(broken.message).replace(/:$/, '')}`)
  }
  const keys = new Keys(yaml, text.slice(front.from, front.to))
  const named = keys.word('task_id') ?? (place.folder === null ? undefined : place.name)
  if (named === undefined) return place.folder === null && !keys.has('status') ? { kind: 'foreign' } : noId()
  const id = taskId.safeParse(named)
  if (!id.success) return fault(`task_id is ${JSON.stringify(named)}: ${firstLine(id.error.issues[0]?.message ?? '')}`)
  const said = keys.word('status')
  if ((said !== undefined && ASIDE.has(said)) || ASIDE.has(place.folder ?? '')) return { kind: 'aside', id: id.data }
  const status = taskStatus.safeParse(said)
  if (keys.has('status') && !status.success) {
    return fault(
      `status is ${JSON.stringify(said ?? null)}, and may be ${taskStatus.options.join(', ')}, INBOX or DUMPED`,
    )
  }
  const body = readBody(text, front.next, types)
  if (typeof body === 'string') return fault(body)
  const { items, title, append } = body
  const at = keys.range('status')
  const agentsEnd = keys.endOfList('agents')
  return {
    kind: 'task',
    file: {
      id: id.data,
      ...{ title, status: status.success ? status.data : null, mode: modeOf(keys), agents: agentsOf(keys) },
      items: items.map(({ item }) => item),
      places: {
        status: at === undefined ? null : { from: front.from + at[0], to: front.from + at[1] },
        agents: agentsEnd === undefined ? null : front.from + agentsEnd,
        frontEnd: front.to,
        items: items.map((item) => item.place),
        append,
        eol: eolOf(text),
      },
    },
  }
}

function fault(message: string): TaskReading {
  return { kind: 'fault', message }
}

function noId(): TaskReading {
  return fault('its front matter has no task_id')
}

interface FrontMatter {
  readonly from: number
  /** Where the closing line begins. */
  readonly to: number
  /** Where what follows begins. */
  readonly next: number
}

function frontMatter(text: string, start: number): FrontMatter | 'open' | undefined {
  const lines = linesFrom(text, start)
  const first = lines.next()
  if (first.done === true || first.value.words.trimEnd() !== '---') return undefined
  for (const { at, words, next } of lines) {
    if (/^(?:---|[.]{3})[ \t]*$/.test(words)) return { from: first.value.next, to: at, next }
  }
  return 'open'
}

interface Line {
  readonly at: number
  /** Without its line end. */
  readonly words: string
  /** Where the next one begins. */
  readonly next: number
}

function* linesFrom(text: string, start: number): Generator<Line, undefined> {
  for (let at = start; at < text.length;) {
    const feed = text.indexOf('\n', at)
    const next = feed === -1 ? text.length : feed + 1
    const words = text.slice(at, feed === -1 ? next : feed).replace(/\r$/, '')
    yield { at, words, next }
    at = next
  }
}

/** The top level of the front matter. */
class Keys {
  readonly #yaml: Document
  readonly #text: string

  /** @param text that it was read from */
  constructor(yaml: Document, text: string) {
    this.#yaml = yaml
    this.#text = text
  }

  has(key: string): boolean {
    return this.#yaml.has(key)
  }

  /** Undefined where it is no single word. */
  word(key: string): string | undefined {
    const node = this.#node(key)
    return isScalar(node) ? node.source || undefined : undefined
  }

  words(key: string): string[] {
    const node = this.#node(key)
    if (!isSeq(node)) return (this.word(key) ?? '').split(/[\s,]+/)
    return node.items.flatMap((item) => (isScalar(item) && item.source !== undefined ? [item.source] : []))
  }

  range(key: string): readonly [number, number] | undefined {
    const node = this.#node(key)
    return isScalar(node) && node.range != null ? [node.range[0], node.range[1]] : undefined
  }

  /** Of a list on one line, as `[A, B]`: where its bracket closes. */
  endOfList(key: string): number | undefined {
    const node = this.#node(key)
    if (!isSeq(node) || node.flow !== true || node.range == null) return undefined
    const text = this.#text.slice(node.range[0], node.range[1])
    return /^\[[^\n#]*[^\s,]\s*\]$|^\[ *\]$/.test(text) ? node.range[1] - 1 : undefined
  }

  #node(key: string): unknown {
    return this.#yaml.has(key) ? this.#yaml.get(key, true) : undefined
  }
}

const MAX_AGENTS = 100

/** The older protocol says `pattern: PAR` and `mode: GCC`. */
function modeOf(keys: Keys): TaskMode {
  const mode = keys.word('mode')
  if (mode === 'GCC' || mode === 'GCC-RT') return 'GCC-RT'
  return mode === 'PAR-MULTI' || mode === 'PAR' || keys.word('pattern') === 'PAR' ? 'PAR-MULTI' : 'SOLO'
}

function agentsOf(keys: Keys): Assignee[] {
  const named = keys.words('agents').flatMap((word) => assigneeSchema.safeParse(word).data ?? [])
  return [...new Set(named)].slice(0, MAX_AGENTS)
}

const ITEM = /^([-*+][ \t]+\[)([ xX])\][ \t]+(\S.*)$/
const FENCE = /^ {0,3}(`{3,}|~{3,})/
const HEADING = /^(#{1,6})(?:[ \t]+(.*))?$/
const ASSIGNMENT = /^\[ASSIGNMENT\]/i

interface Body {
  readonly title: string | null
  readonly items: readonly { readonly item: TaskItem; readonly place: ItemPlace }[]
  readonly append: number | null
}

/** Returns what is wrong with it, where something is. */
function readBody(text: string, start: number, types: readonly string[]): Body | string {
  let title: string | null = null
  let section: 'before' | 'in' | 'after' = 'before'
  let append: number | null = null
  let fence: string | undefined
  let isComment = false
  /** Whether what is read hangs below the last item. */
  let belongs = false
  const items: { item: TaskItem; place: ItemPlace }[] = []
  for (const { at, words, next } of linesFrom(text, start)) {
    if (isComment) {
      isComment = !words.includes('-->')
      continue
    }
    const mark = FENCE.exec(words)?.[1]
    if (fence !== undefined) {
      if (mark !== undefined && mark.startsWith(fence) && words.trim() === mark) fence = undefined
      continue
    }
    if (mark !== undefined) {
      fence = mark
      continue
    }
    if (/^ {0,3}<!--/.test(words)) {
      isComment = !words.slice(words.indexOf('<!--') + 4).includes('-->')
      continue
    }
    const [, level, name = ''] = HEADING.exec(words) ?? []
    if (level !== undefined) {
      if (level === '#') title ??= titleOf(name)
      if (level.length > 2) continue
      if (section === 'in') section = 'after'
      else if (section === 'before' && level === '##' && ASSIGNMENT.test(name)) {
        section = 'in'
        append = next
      }
      continue
    }
    if (section !== 'in') continue
    const [, before, box, rest] = ITEM.exec(words) ?? []
    if (before === undefined || box === undefined || rest === undefined) {
      if (belongs && /^[ \t]+\S/.test(words)) append = next
      else if (words.trim() !== '') belongs = false
      continue
    }
    const from = at + words.length - rest.length
    const item = itemOf(rest.trimEnd(), box !== ' ', types)
    if (item === undefined)
      return `a subtask on line ${1 + newlines(text.slice(0, at))} is too long, or holds control characters`
    items.push({ item, place: { box: at + before.length, words: { from, to: from + rest.trimEnd().length } } })
    append = next
    belongs = true
  }
  if (items.length > MAX_SUBTASKS) return `it has ${items.length} subtasks, the limit is ${MAX_SUBTASKS}`
  return { title, items, append }
}

function titleOf(heading: string): string | null {
  return taskTitle.safeParse(heading).data ?? null
}

function itemOf(words: string, done: boolean, types: readonly string[]): TaskItem | undefined {
  const [, who, rest] = /^([A-Z][\w.-]*):[ \t]+(.+)$/.exec(words) ?? []
  const assignee = who === undefined ? undefined : assigneeOf(who, types)
  const title = taskTitle.safeParse(assignee === undefined ? words : rest)
  return title.success ? { title: title.data, assignee: assignee ?? null, done } : undefined
}

function assigneeOf(who: string, types: readonly string[]): Assignee | undefined {
  const dash = who.indexOf('-')
  if (!types.includes(dash === -1 ? who : who.slice(0, dash))) return undefined
  return dash === -1 ? agentType.safeParse(who).data : agentId.safeParse(who).data
}

/** What stands behind the box. */
export function wordsOf({ assignee, title }: Pick<TaskItem, 'assignee' | 'title'>): string {
  return assignee === null ? title : `${assignee}: ${title}`
}

/** Whether a subtask can stand in a file and be read again as what it is. */
export function isWritable(item: Pick<TaskItem, 'assignee' | 'title'>, types: readonly string[]): boolean {
  const read = itemOf(wordsOf(item), false, types)
  return read !== undefined && read.title === item.title && read.assignee === item.assignee
}

export function statusEdit(text: string, { places }: TaskFile, status: TaskStatus): Edit {
  const { status: place, frontEnd, eol } = places
  if (place === null) return { at: frontEnd, removed: '', added: `status: ${status}${eol}` }
  const removed = text.slice(place.from, place.to)
  const quote = /^["']/.exec(removed)?.[0] ?? ''
  return { at: place.from, removed, added: `${quote}${status}${quote}` }
}

/** Puts agents behind those that the file lists; none where it has no list for that. Who is there by its type is there. */
export function agentEdits({ agents, places }: TaskFile, wanted: readonly Assignee[]): Edit[] {
  const missing = wanted.filter((one) => !agents.includes(one) && !agents.some((type) => one.startsWith(`${type}-`)))
  if (places.agents === null || missing.length === 0 || agents.length + missing.length > MAX_AGENTS) return []
  return [{ at: places.agents, removed: '', added: `${agents.length === 0 ? '' : ', '}${missing.join(', ')}` }]
}

/** @param index of the item as the file has it */
export function itemEdits(text: string, { items, places }: TaskFile, index: number, wanted: TaskItem): Edit[] {
  const item = items[index]
  const place = places.items[index]
  if (item === undefined || place === undefined) throw new RangeError(`there is no item ${index}`)
  const edits: Edit[] = []
  if (item.done !== wanted.done) {
    edits.push({ at: place.box, removed: text.slice(place.box, place.box + 1), added: wanted.done ? 'x' : ' ' })
  }
  const { from, to } = place.words
  const words = wordsOf(wanted)
  const isSame = item.title === wanted.title && item.assignee === wanted.assignee
  if (!isSame) edits.push({ at: from, removed: text.slice(from, to), added: words })
  return edits
}

/** One edit that puts items behind those that the list has; it makes the section where there is none. */
export function appendEdit(text: string, { places }: TaskFile, added: readonly TaskItem[]): Edit {
  const { eol, append } = places
  const at = append ?? text.length
  const isOpen = at > 0 && text[at - 1] !== '\n'
  const lines = added.map((item) => `- [${item.done ? 'x' : ' '}] ${wordsOf(item)}`).join(eol)
  const section = append === null ? `${eol}## [ASSIGNMENT]${eol}` : ''
  return { at, removed: '', added: `${isOpen ? eol : ''}${section}${lines}${eol}` }
}

export interface NewTaskFile {
  readonly id: TaskId
  readonly title: string
  readonly mode: TaskMode
  readonly agents: readonly Assignee[]
  readonly items: readonly TaskItem[]
  /** Milliseconds since 1970. */
  readonly created: number
}

/** A file for a task that has none. */
export function newTaskFile({ id, title, mode, agents, items, created }: NewTaskFile): string {
  const lines = items.map((item) => `- [${item.done ? 'x' : ' '}] ${wordsOf(item)}\n`)
  return [
    `---\ntask_id: ${id}\nstatus: ACTIVE\nmode: ${mode}\nagents: [${agents.join(', ')}]\n`,
    `created_at: ${new Date(created).toISOString()}\n---\n\n# ${title}\n\n## [GOAL]\n\n## [ASSIGNMENT]\n`,
    ...lines,
  ].join('')
}

function eolOf(text: string): string {
  const feed = text.indexOf('\n')
  return feed > 0 && text[feed - 1] === '\r' ? '\r\n' : '\n'
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? ''
}
