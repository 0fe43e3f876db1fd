/**
 * A link that is opened in a new tab: the tab has no session of its own, and asks the open tabs of its origin for theirs.
 *
 * 1. Nothing is stored: a session goes from tab to tab while both are open, and to no other origin (ports count).
 * 2. Nobody gains by it: where any of the tabs may only look, the new one gets that session.
 */
import type { After, Disposer } from '../client/sdk/connection.js'
import type { Access } from '../protocol/links.js'

export interface Session {
  readonly token: string
  readonly access: Access
}

/** What is needed of a BroadcastChannel. */
export type TabChannel = Pick<BroadcastChannel, 'postMessage' | 'addEventListener' | 'removeEventListener'>

export const TAB_CHANNEL = 'ensemble-session'

/** Tabs answer within some milliseconds; whoever has none open waits so long before that is said. In milliseconds. */
const PATIENCE = 300

type Word =
  /** `asks` is a new id of whoever asks. */
  | { readonly kind: 'asks'; readonly asks: string }
  | { readonly kind: 'answers'; readonly asks: string; readonly session: Session }

/** Resolves with a session of an open tab; null: there is none. @param asks a new unguessable id */
export function askTabs(channel: TabChannel, asks: string, after: After): Promise<Session | null> {
  return new Promise((resolve) => {
    let found: Session | null = null
    const settle = () => {
      stop()
      channel.removeEventListener('message', hear)
      resolve(found)
    }
    const hear = ({ data }: MessageEvent) => {
      const word = wordOf(data)
      if (word?.kind !== 'answers' || word.asks !== asks) return
      found = word.session
      if (found.access === 'read') settle()
    }
    const stop = after(PATIENCE, settle)
    channel.addEventListener('message', hear)
    say(channel, { kind: 'asks', asks })
  })
}

/** Answers new tabs. @param session null: this tab has none that is good */
export function answerTabs(channel: TabChannel, session: () => Session | null): Disposer {
  const hear = ({ data }: MessageEvent) => {
    const word = wordOf(data)
    const own = word?.kind === 'asks' ? session() : null
    if (word !== null && own !== null) say(channel, { kind: 'answers', asks: word.asks, session: own })
  }
  channel.addEventListener('message', hear)
  return () => channel.removeEventListener('message', hear)
}

function say(channel: TabChannel, word: Word): void {
  channel.postMessage(word)
}

/** Only pages of this origin speak there, but of other versions, too. */
function wordOf(data: unknown): Word | null {
  if (!isRecord(data) || typeof data['asks'] !== 'string') return null
  const { kind, asks, session } = data
  if (kind === 'asks') return { kind, asks }
  if (kind !== 'answers' || !isRecord(session)) return null
  const { token, access } = session
  if (typeof token !== 'string' || (access !== 'read' && access !== 'write')) return null
  return { kind, asks, session: { token, access } }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
