/** The way of a revision, a line for each step, with the milliseconds since the first of it came. */
import { unreachable } from '../../../protocol/errors.js'
import type { Arrival, Trace, TraceSteps } from '../../../protocol/trace.js'
import type { Paint } from '../colour.js'
import { table, type Cell } from '../table.js'
import { bytes, count, duration } from '../words.js'
import { authorName } from './history-view.js'

export function traceLines({ path, rev, seq, author, time, steps }: Trace, now: number, paint: Paint): string[] {
  const age = duration(Math.max(0, now - time))
  const first = `${path}@${rev}, by ${authorName(author)} ${age} ago, event ${seq}`
  if (steps === null) {
    return [first, 'Its steps are forgotten: the server remembers those of its last 2,000 revisions, until it ends.']
  }
  const [begun] = steps.arrivals
  const named =
    begun === undefined ? [] : ['', `In the server’s log its lines are those with "update": "${begun.update}".`]
  return [first, '', ...table(['after', 'step', ''], rowsOf(steps), paint), ...named]
}

function rowsOf({ arrivals, arrived, merged, stored, sent, told }: TraceSteps): Cell[][] {
  const more = arrived - arrivals.length
  return [
    ...arrivals.map((one) => row(one, 'came', arrivalWords(one))),
    ...(more > 0 ? [[{ text: '' }, { text: 'came' }, { text: `and ${count(more, 'update')} more` }]] : []),
    row(merged, 'merged', arrived === 0 ? 'by the server itself' : ''),
    stored === null ? waiting('stored', 'not yet') : row(stored, 'stored', commitWords(stored)),
    sent === null
      ? waiting('sent', 'to nobody: no peer has it open')
      : row(sent, 'sent', `to ${count(sent.peers, 'peer')}`),
    told === null
      ? waiting('told', 'not yet')
      : row(told, 'told', `to ${count(told.sessions, 'session')} that follow heads`),
  ]
}

function row({ after }: { readonly after: number }, step: string, words: string): Cell[] {
  return [{ text: `${after.toFixed(1)} ms` }, { text: step }, { text: words }]
}

function waiting(step: string, words: string): Cell[] {
  return [{ text: '–' }, { text: step }, { text: words, tone: 'quiet' }]
}

function arrivalWords({ via, socket, author, bytes: size, update }: Arrival): string {
  const what = size === null ? `the write ${update}` : `the live update ${update} of ${bytes(size)}`
  if (via === 'folder') return `${what}, found in the served folder`
  return `${what}, from ${authorName(author)} ${viaWords(via, socket)}`
}

function viaWords(via: Exclude<Arrival['via'], 'folder'>, socket: number | null): string {
  switch (via) {
    case 'sync':
      return `on connection ${socket} (/sync)`
    case 'agent':
      return `on connection ${socket} (/agent)`
    case 'http':
      return 'over HTTP'
    default:
      return unreachable(via)
  }
}

function commitWords({ commitMs, rows, bytes: size, attempt }: NonNullable<TraceSteps['stored']>): string {
  const again = attempt > 1 ? `, at try ${attempt}` : ''
  return `by a commit of ${count(rows, 'row')} and ${bytes(size)} that took ${commitMs.toFixed(1)} ms${again}`
}
