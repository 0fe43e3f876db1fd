/** Events as lines above a prompt: those that concern one agent, gathered so that they come at most every two seconds. */
import { isFor } from '../../../protocol/addressee.js'
import { pathsOf } from '../../../protocol/event-paths.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import type { SoftOverlap } from '../../../protocol/files.js'
import type { AgentId, AgentRole } from '../../../protocol/ids.js'
import { eventWords, type SaidEvent } from '../../sdk/event-words.js'
import type { Timers } from '../print.js'
import { shortIds } from '../views/conflicts-view.js'
import { count, list } from '../words.js'

export interface Self {
  readonly agentId: AgentId
  /** Folder that the agent works in; null: everywhere. */
  readonly partition: string | null
  readonly roles: readonly AgentRole[]
}

/** What others did where this agent works, what they say to it, and every conflict that it is part of. */
export function concerns(event: WorkspaceEvent, self: Self): boolean {
  const { agentId, partition } = self
  switch (event.type) {
    case 'agent:joined':
    case 'agent:left':
      return event.agent_id !== agentId
    case 'file:changed':
      return (event.data.author !== agentId || event.data.soft !== undefined) && isWithin(event.data.file, partition)
    case 'rename:refused':
      return event.data.author === agentId || isSaidTo(event, self)
    case 'conflict:raised':
    case 'conflict:resolved':
      return event.data.ours === agentId || event.data.theirs === agentId || isWithin(event.data.file, partition)
    case 'lock:released':
      // One that was taken away is its holder's first of all, who had no part in it.
      return (event.data.holder === agentId && event.data.by !== undefined) || isSaidTo(event, self)
    case 'event:acknowledged':
      return false
    default:
      return isSaidTo(event, self)
  }
}

function isSaidTo(event: SaidEvent, { agentId, partition, roles }: Self): boolean {
  if (event.agent_id === agentId) return false
  if (event.to !== undefined) return isFor(event.to, agentId, roles)
  const paths = pathsOf(event)
  return paths.length === 0 || paths.some((path) => isWithin(path, partition))
}

function isWithin(file: string, partition: string | null): boolean {
  return partition === null || file.startsWith(`${partition}/`)
}

/** One line for all of them, who left at its end: what they did came before; `nameOf` gives an author's name. */
export function digest(events: readonly WorkspaceEvent[], nameOf: (author: string) => string): string {
  const parts: string[] = []
  const ends: string[] = []
  const notes: string[] = []
  const changes = new Map<string, { who: string; verb: string; files: Set<string> }>()
  for (const event of events) {
    switch (event.type) {
      case 'agent:joined':
        parts.push(`${nameOf(event.agent_id ?? '')} joined`)
        break
      case 'agent:left':
        ends.push(`${nameOf(event.agent_id ?? '')} ${LEFT[event.data.reason]}`)
        break
      case 'conflict:raised':
        parts.push(conflictWords(event.data, nameOf))
        break
      case 'conflict:resolved':
        parts.push(resolvedWords(event.data, nameOf))
        break
      case 'file:changed': {
        const { author, change_type: change, file, renamed_from: from } = event.data
        const key = `${author} ${change}`
        const known = changes.get(key) ?? { who: nameOf(author), verb: CHANGED[change], files: new Set<string>() }
        changes.set(key, known)
        known.files.add(from === undefined ? file : `${from} to ${file}`)
        for (const overlap of event.data.soft ?? []) notes.push(softWords(file, overlap))
        break
      }
      default:
        parts.push(`${event.agent_id === undefined ? 'someone' : nameOf(event.agent_id)} ${eventWords(event, nameOf)}`)
    }
  }
  for (const { who, verb, files } of changes.values()) {
    const named = [...files]
    parts.push(`${who} ${verb} ${named.length > 3 ? `${count(named.length, 'file')} (${list(named)})` : list(named)}`)
  }
  return [...parts, ...notes, ...ends].join(' · ')
}

/** Where a merge holds what two wrote beside each other: nothing is wrong there, but someone may want to look. */
function softWords(file: string, { reason, lines: { from, to } }: SoftOverlap): string {
  const where = to > from ? `lines ${from} to ${to}` : `line ${from}`
  const story = {
    insertions: 'two added something there, both stand',
    adjacent: 'two changed lines that touch, both changes stand',
    tokens: 'two changed different words of it, both changes stand',
  }[reason]
  return `look at ${file}, ${where}: ${story}`
}

const LEFT = { left: 'left', lost: 'lost its connection', replaced: 'came back' } as const
const CHANGED = { created: 'made', modified: 'changed', renamed: 'renamed', deleted: 'deleted' } as const

function conflictWords(
  { conflict_id: id, file, lines, ours, theirs }: Extract<WorkspaceEvent, { type: 'conflict:raised' }>['data'],
  nameOf: (author: string) => string,
): string {
  const where = lines === null ? '' : `, line ${lines.from}`
  const story = `conflict in ${file}${where}: what ${nameOf(ours)} wrote stays, what ${nameOf(theirs)} wrote is held`
  return `${story} (ensemble conflicts show ${shortIds([])(id)})`
}

function resolvedWords(
  { file, ours, theirs, outcome, by }: Extract<WorkspaceEvent, { type: 'conflict:resolved' }>['data'],
  nameOf: (author: string) => string,
): string {
  const story = {
    ours: `what ${nameOf(ours)} wrote stays`,
    theirs: `what ${nameOf(theirs)} wrote took its place`,
    both: `both stand now, ${nameOf(ours)} first`,
    text: 'with a text of its own',
    superseded: 'something else was written there',
  }[outcome]
  return `${nameOf(by)} closed a conflict in ${file}: ${story}`
}

/** Between two lines. In milliseconds. */
const INTERVAL = 2_000

export interface EventLinesOptions {
  readonly self: Self
  readonly nameOf: (author: string) => string
  readonly print: (line: string) => void
  /** Milliseconds from any start, never backwards. */
  readonly elapsed: () => number
  readonly timers: Timers
}

/** The first line comes at once; what follows within two seconds waits, and comes as one. */
export class EventLines {
  readonly #options: EventLinesOptions
  #waiting: WorkspaceEvent[] = []
  #last = -Infinity
  #timer: unknown

  constructor(options: EventLinesOptions) {
    this.#options = options
  }

  add(event: WorkspaceEvent): void {
    const { self, elapsed, timers } = this.#options
    if (!concerns(event, self)) return
    this.#waiting.push(event)
    if (this.#timer !== undefined) return
    const wait = this.#last + INTERVAL - elapsed()
    if (wait <= 0) this.flush()
    else {
      this.#timer = timers.setTimeout(() => {
        this.flush()
      }, wait)
    }
  }

  /** Prints what waits. */
  flush(): void {
    const { nameOf, print, elapsed, timers } = this.#options
    timers.clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const events = this.#waiting
    this.#waiting = []
    this.#last = elapsed()
    print(digest(events, nameOf))
  }

  close(): void {
    this.#options.timers.clearTimeout(this.#timer)
    this.#waiting = []
  }
}
