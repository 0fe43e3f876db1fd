/**
 * Events as Server-Sent Events: `id` is the event's number, `event` its type, `data` the whole of it as JSON. Whoever connects anew with
 * `Last-Event-ID` goes on where it was.
 *
 * 1. What is past is sent as fast as it is read. Who reads what comes too slowly, or stops reading what is past, is cut off, and gets it
 *    after connecting anew; from then on it takes no place.
 * 2. A sign of life carries the number up to which has been looked, so that a narrow filter looks at nothing twice.
 */
import type { Request, Response } from 'express'
import type { EventFilter } from '../../protocol/event-filter.js'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { Author } from '../../protocol/ids.js'
import type { EventService } from '../events/event-service.js'
import type { Timers } from '../storage/commit-queue.js'

export interface EventStreamsOptions {
  readonly events: EventService
  readonly timers: Timers
  /** @throws EnsembleError whoever asked may not hear more: its session has ended */
  readonly mayStill: (request: Request) => void
  /** Fires when the server stops. */
  readonly stopped: AbortSignal
}

/** Open at once. */
const MOST_STREAMS = 500
/** Of one stream, in bytes. */
const MOST_UNSENT = 1024 * 1024
/** Between signs of life, and until a client tries again. In milliseconds. */
const HEARTBEAT = 10_000
/** So long a part of what is past may wait for its reader; and as long the reader has to find out why it ends. In milliseconds. */
const STALLED = 60_000
const RETRY = 1_000

export class EventStreams {
  readonly #options: EventStreamsOptions
  readonly #open = new Set<Response>()

  constructor(options: EventStreamsOptions) {
    this.#options = options
    options.stopped.addEventListener('abort', () => {
      for (const response of this.#open) response.destroy()
    })
  }

  /** @throws EnsembleError E_BAD_REQUEST, E_EVENTS_GONE, E_LIMIT, before anything is sent */
  open(
    response: Response,
    lastEventId: string | undefined,
    { since, types, paths }: EventFilter & { readonly since?: number | undefined },
    hearer: Author,
  ): void {
    const { events, timers, mayStill } = this.#options
    if (this.#open.size >= MOST_STREAMS) {
      throw new EnsembleError('E_LIMIT', `There are ${MOST_STREAMS} event streams open already.`, {
        hint: 'Close some of them.',
      })
    }
    const wants = events.wants({ types, paths }, hearer)
    const from = lastEventId === undefined || lastEventId === '' ? (since ?? events.told) : numberIn(lastEventId)
    events.assertKept(from)
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
    if (response.req.method === 'HEAD') {
      response.end()
      return
    }
    this.#open.add(response)
    response.write(`retry: ${RETRY}\n\n`)
    let through = from
    let isPast = true
    const follower = events.follow(from, async (found, looked) => {
      through = looked
      const text = found.filter(wants).map(frameOf).join('')
      if (text === '' || response.write(text)) return
      if (isPast) {
        if (!(await this.#drained(response))) cutOff(`nothing was read for ${STALLED / 1000} seconds`)
      } else if (response.writableLength > MOST_UNSENT) response.destroy()
    })
    follower.caughtUp.then(
      () => (isPast = false),
      (thrown: unknown) => {
        cutOff(toEnsembleError(thrown).message)
      },
    )
    let timer: unknown
    const beat = (): void => {
      timer = timers.setTimeout(() => {
        try {
          mayStill(response.req)
        } catch (thrown) {
          cutOff(toEnsembleError(thrown).message)
          return
        }
        if (!isPast) response.write(`: still here\nid: ${through}\n\n`)
        beat()
      }, HEARTBEAT)
    }
    beat()
    const release = (): void => {
      this.#open.delete(response)
      timers.clearTimeout(timer)
      follower.end()
    }
    const cutOff = (why: string): void => {
      if (response.writableEnded) return // its session may end while it stands still, and it stands still for too long
      release()
      response.end(`: ${why}; connect again with Last-Event-ID to go on\n\n`)
      timer = timers.setTimeout(() => response.destroy(), STALLED)
    }
    response.once('close', release)
  }

  /** False: not in time. True also when it ends. */
  #drained(response: Response): Promise<boolean> {
    if (response.destroyed) return Promise.resolve(true)
    const { timers } = this.#options
    return new Promise((resolve) => {
      const done = (isDrained: boolean): void => {
        response.off('drain', inTime)
        response.off('close', inTime)
        timers.clearTimeout(timer)
        resolve(isDrained)
      }
      const inTime = (): void => {
        done(true)
      }
      const timer = timers.setTimeout(() => {
        done(false)
      }, STALLED)
      response.once('drain', inTime)
      response.once('close', inTime)
    })
  }
}

function frameOf(event: WorkspaceEvent): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** @throws EnsembleError E_BAD_REQUEST */
function numberIn(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new EnsembleError('E_BAD_REQUEST', `Last-Event-ID must be the number of an event, not ${JSON.stringify(text)}.`)
}
