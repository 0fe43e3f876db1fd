/**
 * How far the picture on the page may be trusted. The server ticks each second; a tick that fails to come is the first
 * thing that a person should learn about.
 */
import type { ConnectionState } from '../../client/sdk/connection-state.js'

export type Freshness =
  /** Nothing was heard yet. */
  | { readonly kind: 'opening' }
  | { readonly kind: 'live' }
  | { readonly kind: 'behind'; readonly seconds: number }
  | {
      readonly kind: 'offline'
      /** When the server was last heard, by the page's clock; null: never. */
      readonly since: number | null
      /** What is known of the cause; a sentence. */
      readonly cause: string
      /** When the next attempt starts, by the page's clock; null: now, or never again. */
      readonly retryAt: number | null
      /** It will not try again by itself. */
      readonly final: boolean
    }

const OPENING: Freshness = { kind: 'opening' }
/** Always the same one: every message is heard, and while all is well nobody who reads this is told of it. */
const LIVE: Freshness = { kind: 'live' }
/** In milliseconds. */
const LIVE_WITHIN = 3_000
const BEHIND_WITHIN = 10_000

/**
 * @param heardAt when the last message came, by the page's clock; null: never
 * @param now by the page's clock
 */
export function freshness(state: ConnectionState, heardAt: number | null, now: number): Freshness {
  if (state.kind === 'closed') return offline(state, heardAt)
  const connected = state.kind === 'live'
  if (heardAt === null) {
    return connected || state.kind === 'idle' || (state.kind === 'connecting' && state.attempt === 0)
      ? OPENING
      : offline(state, heardAt)
  }
  const age = now - heardAt
  // A broken line that is back within three seconds is no news.
  if (age <= LIVE_WITHIN) return LIVE
  if (connected && age <= BEHIND_WITHIN) return { kind: 'behind', seconds: Math.floor(age / 1000) }
  return offline(state, heardAt)
}

function offline(state: ConnectionState, since: number | null): Freshness {
  switch (state.kind) {
    case 'closed':
      return { kind: 'offline', since, cause: state.error?.message ?? 'The page left.', retryAt: null, final: true }
    case 'waiting':
      return { kind: 'offline', since, cause: 'The server does not answer.', retryAt: state.until, final: false }
    case 'idle':
    case 'connecting':
      return { kind: 'offline', since, cause: 'The server does not answer.', retryAt: null, final: false }
    case 'live':
      return {
        kind: 'offline',
        since,
        cause: 'The connection stands, but the server is silent.',
        retryAt: null,
        final: false,
      }
  }
}
