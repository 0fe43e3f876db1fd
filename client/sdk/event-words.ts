/** Events in a few words each, for people: a feed, a prompt, a list. Files, agents and conflicts have richer forms of their own. */
import { unreachable } from '../../protocol/errors.js'
import type { EventData, WorkspaceEvent } from '../../protocol/events.js'

/** Types that every view has its own words for: often grouped, or with links. */
type OwnWords = 'agent:joined' | 'agent:left' | 'file:changed' | 'conflict:raised' | 'conflict:resolved'
export type SaidEvent = Exclude<WorkspaceEvent, { type: OwnWords }>

/** Of what is quoted. */
const MOST_CHARACTERS = 120

/**
 * What someone did, to be read behind their name: `asks for a review of src/a.ts`.
 * @param nameOf gives the name of an author
 */
export function eventWords(event: SaidEvent, nameOf: (author: string) => string): string {
  const to = event.to === undefined ? '' : ` (to ${'agent' in event.to ? nameOf(event.to.agent) : event.to.role})`
  return `${wordsOf(event, nameOf)}${to}`
}

function wordsOf(event: SaidEvent, nameOf: (author: string) => string): string {
  switch (event.type) {
    case 'broadcast':
      return `says ${said(event.data)}`
    case 'rename:refused': {
      const { file, to, reason, locked, holder } = event.data
      if (reason === 'renamed') return `did not rename a file to ${to}: it was called ${file} just before`
      if (holder === undefined) return `did not rename ${file} to ${to}: something else is there`
      return `did not rename ${file} to ${to}: ${nameOf(holder)} has ${locked ?? file} locked`
    }
    case 'lock:acquired':
      return `locked ${place(event.data)}`
    case 'lock:failed':
      return event.data.reason === 'deadlock'
        ? `did not get ${place(event.data)}: waiting for ${nameOf(event.data.holder)} would never have ended`
        : `did not get ${place(event.data)}: ${nameOf(event.data.holder)} holds it`
    case 'lock:released':
      return event.data.by === undefined
        ? `released ${place(event.data)}`
        : `lost ${place(event.data)}: ${nameOf(event.data.by)} took it away`
    case 'lock:expired':
      return `held ${place(event.data)} until its time was over`
    case 'context:update':
      return `${event.data.change} a ${event.data.kind}${about(event.data.preview)}`
    case 'context:sync':
      return `brought the shared context in step, ${count(event.data.entries, 'entry', 'entries')}`
    case 'task:updated': {
      const { title, subtask, status, progress } = event.data
      const state = subtask === null ? status : `${subtask.title} is ${subtask.state}`
      return `task ${cut(title)}: ${cut(state)}, ${Math.round(progress)} % done`
    }
    case 'task:malformed':
      return `left ${event.data.file} as it is: ${cut(event.data.message)}`
    case 'plan:proposed':
      return `proposes a plan${about(event.data.title)}`
    case 'plan:acknowledged':
      return `has read plan ${event.data.plan_id}${about(event.data.note)}`
    case 'plan:approved':
      return `approves plan ${event.data.plan_id}${about(event.data.note)}`
    case 'plan:amendment':
      return `amends the plan${about(event.data.suggestion)}`
    case 'code:writing':
      return `is writing ${symbolIn(event.data)}${about(event.data.note)}`
    case 'code:written':
      return `has written ${symbolIn(event.data)}${about(event.data.note)}`
    case 'review:requested':
      return `asks for a review of ${some(event.data.files)}${about(event.data.note)}`
    case 'review:in_progress':
      return `reviews ${reviewed(event.data)}`
    case 'review:completed': {
      const { status, findings } = event.data
      const verdict = status === 'APPROVED' ? 'approves' : 'asks for changes in'
      return `${verdict} ${reviewed(event.data)}, ${count(findings.length, 'finding', 'findings')}`
    }
    case 'fix:suggested':
      return `suggests a fix in ${lineIn(event.data)}${about(event.data.suggestion)}`
    case 'fix:in_progress':
      return `is fixing ${lineIn(event.data)}`
    case 'fix:applied':
      return `has fixed ${lineIn(event.data)}${about(event.data.note)}`
    case 'partition:changed': {
      const { partition, agent } = event.data
      return agent === null ? `${partition} belongs to nobody now` : `${partition} belongs to ${nameOf(agent)} now`
    }
    case 'event:acknowledged':
      return `has taken note of ${kindOf(event.data.of_type)}, event ${event.data.of}`
    default:
      return unreachable(event)
  }
}

/** Most say a `text`; whatever else they say is for programs, and shown as it is. */
function said({ text, ...more }: Readonly<Record<string, unknown>>): string {
  if (typeof text !== 'string') return cut(JSON.stringify(text === undefined ? more : { text, ...more }))
  return cut(Object.keys(more).length === 0 ? text : `${text} ${JSON.stringify(more)}`)
}

function place({ path, region }: Pick<EventData<'lock:acquired'>, 'path' | 'region'>): string {
  switch (region.kind) {
    case 'file':
      return path
    case 'lines':
      return `${path}, lines ${region.from} to ${region.to}`
    case 'symbol':
      return `${path}#${region.name}`
    default:
      return unreachable(region)
  }
}

function symbolIn({ file, symbol }: { readonly file: string; readonly symbol?: string | undefined }): string {
  return symbol === undefined ? file : `${file}#${symbol}`
}

function lineIn({ file, line }: { readonly file: string; readonly line?: number | undefined }): string {
  return line === undefined ? file : `${file}, line ${line}`
}

interface Reviewed {
  readonly files?: readonly string[] | undefined
  readonly review_id?: string | undefined
}

function reviewed({ files, review_id }: Reviewed): string {
  return files === undefined ? (review_id ?? 'what was asked for') : some(files)
}

function some([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${count(others.length, 'other', 'others')}`
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

function about(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `: ${cut(text)}`
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS - 1).trimEnd()}…`
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['broadcast', 'a message'],
  ['plan', 'a plan'],
  ['code', 'a piece of work'],
  ['review', 'a review'],
  ['fix', 'a fix'],
  ['conflict', 'a conflict'],
  ['lock', 'a lock'],
  ['task', 'a task'],
  ['file', 'a change of a file'],
  ['context', 'a change of the context'],
])

/** What an event of a type is of, in plain words. */
function kindOf(type: string): string {
  return KINDS.get(type.split(':')[0] ?? '') ?? type
}
