/** `ensemble events`: what happened; with --follow also what comes, over breaks of the line. */
import { EnsembleError, toEnsembleError } from '../../../protocol/errors.js'
import { eventPage } from '../../../protocol/event-requests.js'
import { workspaceEvent, type WorkspaceEvent } from '../../../protocol/events.js'
import type { AgentId } from '../../../protocol/ids.js'
import { commandName, type Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer, type Server } from '../find-server.js'
import { digest } from '../live/event-lines.js'
import { Tags } from '../live/tags.js'
import { ask, getStatus, open } from '../server-api.js'
import { exitCodeAfter, nextSignal } from '../signals.js'
import { authorIn } from './conflicts.js'

export interface EventsOptions extends Wishes {
  readonly n: number
  readonly since?: number
  readonly type?: readonly string[]
  readonly path?: readonly string[]
  readonly follow?: boolean
  readonly as?: AgentId
  readonly json?: boolean
}

/** Before another try. In milliseconds. */
const RETRY = 1_000
/** Of one question. */
const PAGE = 1_000

export async function showEvents(options: EventsOptions, context: Context): Promise<ExitCode> {
  const { n, since, type, path, follow, as, json, ...wishes } = options
  const { print } = context
  const author = as ?? authorIn(context)
  const server = await findServer(wishes, context)
  const query = new URLSearchParams([
    ...(type ?? []).map((one): [string, string] => ['types', one]),
    ...(path ?? []).map((one): [string, string] => ['paths', one]),
  ])
  const headers: Record<string, string> = author === undefined ? {} : { 'X-Ensemble-Agent': author }
  const tags = new Tags()
  tags.learn((await getStatus(server)).agents)
  const show = (events: readonly WorkspaceEvent[]): void => {
    if (json === true && follow === true) for (const event of events) print.json({ type: 'event', event })
    else print.lines(eventLines(events, tags))
  }
  const past = await readPast(server, query, headers, { since, n })
  if (follow === true) {
    show(past.events)
    return await followEvents(server, query, headers, past.next, show, context)
  }
  if (json === true) print.json({ schema: 'ensemble.events/1', ...past })
  else if (past.events.length === 0) print.lines(['No such event.'])
  else {
    show(past.events)
    print.lines(['', `next  ${commandName(context.env)} events --since ${past.next} --follow`])
  }
  return EXIT.ok
}

interface Past {
  readonly events: readonly WorkspaceEvent[]
  readonly next: number
}

/** The newest `n`; or everything after `since`. */
async function readPast(
  server: Server,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  { since, n }: { readonly since: number | undefined; readonly n: number },
): Promise<Past> {
  const events: WorkspaceEvent[] = []
  for (let next = since; ;) {
    const asked = new URLSearchParams(query)
    asked.set('limit', String(next === undefined ? Math.min(n, PAGE) : PAGE))
    if (next !== undefined) asked.set('since', String(next))
    const page = await ask(server, `/api/events?${asked}`, eventPage, { headers })
    events.push(...page.events)
    if (!page.more) return { events, next: page.next }
    ;({ next } = page)
  }
}

/** Until a signal comes, or the server says that it makes no sense to go on. */
async function followEvents(
  server: Server,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  since: number,
  show: (events: readonly WorkspaceEvent[]) => void,
  { print }: Context,
): Promise<ExitCode> {
  const { signal: asked, dispose } = nextSignal()
  const ending = new AbortController()
  let last = String(since)
  let isAway = false
  const follow = async (): Promise<ExitCode> => {
    for (;;) {
      try {
        const given = { ...headers, Accept: 'text/event-stream', 'Last-Event-ID': last }
        const body = await open(server, `/api/events?${query}`, given, ending.signal)
        if (isAway) print.say('The server is back.')
        isAway = false
        for await (const frame of framesOf(body)) {
          if (frame.id !== undefined) last = frame.id
          if (frame.data !== undefined) show([workspaceEvent.parse(JSON.parse(frame.data))])
        }
      } catch (thrown) {
        const error = thrown instanceof EnsembleError ? thrown : undefined
        if (error !== undefined && !error.retry) throw error
        if (error === undefined && !isLineFault(thrown)) throw toEnsembleError(thrown)
      }
      if (ending.signal.aborted) return EXIT.ok
      if (!isAway) print.say('The server is away; trying again.')
      isAway = true
      await new Promise((resolve) => setTimeout(resolve, RETRY))
    }
  }
  try {
    return await Promise.race([asked.then(exitCodeAfter), follow()])
  } finally {
    ending.abort()
    dispose()
  }
}

/** What fetch throws when a line breaks. */
function isLineFault(thrown: unknown): boolean {
  return thrown instanceof TypeError || (thrown instanceof Error && thrown.name === 'AbortError')
}

interface Frame {
  readonly id?: string
  readonly data?: string
}

/** Server-Sent Events, whole frames only: what a broken line left behind counts as never come. */
export async function* framesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    const frames = text.split('\n\n')
    text = frames.pop() ?? ''
    for (const frame of frames) {
      const fields = frame.split('\n').map((field) => /^(id|data): (.*)$/s.exec(field) ?? [])
      yield Object.fromEntries(fields.flatMap(([, name, value]) => (name === undefined ? [] : [[name, value]])))
    }
  }
}

function eventLines(events: readonly WorkspaceEvent[], tags: Tags): string[] {
  return events.map((event) => {
    const time = new Date(event.timestamp).toTimeString().slice(0, 8)
    return `${String(event.seq).padStart(6)}  ${time}  ${digest([event], (author) => tags.name(author))}`
  })
}
