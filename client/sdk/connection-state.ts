/**
 * What a connection does next, decided without sockets or timers.
 *
 *   idle ──start──▸ connecting ──welcomed──▸ live
 *                     ▴   │ broken             │ broken
 *                     │   ▾                    │
 *                  waiting ◂───────────────────┘      any ──close, or a final error──▸ closed
 *
 * The shell (connection.ts) opens a socket on entering `connecting` and a timer on entering `waiting`, and nothing else.
 */
import { unreachable, type EnsembleError } from '../../protocol/errors.js'
import type { ServerMessage } from '../../protocol/messages.js'

export type Welcome = Extract<ServerMessage, { type: 'welcome' }>

export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'live'; readonly welcome: Welcome }
  /** `until`: when it tries again, by the clock that was handed in. */
  | { readonly kind: 'waiting'; readonly attempt: number; readonly until: number; readonly error: EnsembleError }
  /** `error` null: closed on purpose. */
  | { readonly kind: 'closed'; readonly error: EnsembleError | null }

export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'welcomed'; readonly welcome: Welcome }
  | { readonly type: 'broken'; readonly error: EnsembleError }
  | { readonly type: 'retry' }
  | { readonly type: 'close' }

/** In milliseconds. Half a second is short for a person and long for a server that restarts. */
const FIRST_RETRY = 500
const LONGEST_RETRY = 10_000

/**
 * Full jitter in the upper half: a crowd that lost its server together does not come back together.
 * @param longest in milliseconds; default: ten seconds
 */
export function retryDelay(attempt: number, random: number, longest = LONGEST_RETRY): number {
  const ceiling = Math.min(longest, FIRST_RETRY * 2 ** attempt)
  return ceiling / 2 + (ceiling / 2) * random
}

/**
 * @param random in [0, 1)
 * @param longestRetry as of `retryDelay`
 */
export function nextState(
  state: ConnectionState,
  event: ConnectionEvent,
  now: number,
  random: number,
  longestRetry?: number,
): ConnectionState {
  if (state.kind === 'closed') return state
  switch (event.type) {
    case 'start':
      return state.kind === 'idle' ? { kind: 'connecting', attempt: 0 } : state
    case 'welcomed':
      return state.kind === 'connecting' ? { kind: 'live', welcome: event.welcome } : state
    case 'retry':
      return state.kind === 'waiting' ? { kind: 'connecting', attempt: state.attempt } : state
    case 'close':
      return { kind: 'closed', error: null }
    case 'broken': {
      if (state.kind !== 'connecting' && state.kind !== 'live') return state
      if (!event.error.retry) return { kind: 'closed', error: event.error }
      const failures = state.kind === 'connecting' ? state.attempt : 0
      const until = now + retryDelay(failures, random, longestRetry)
      return { kind: 'waiting', attempt: failures + 1, until, error: event.error }
    }
    default:
      return unreachable(event)
  }
}
