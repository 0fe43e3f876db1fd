/** What was said, newest first: by whom, to whom, and who has taken note of it. */
import { useComputed, type ReadonlySignal } from '@preact/signals'
import { eventWords } from '../../client/sdk/event-words.js'
import type { Addressee } from '../../protocol/events.js'
import { concerns, MESSAGE_TYPES, messagesOf, type Message } from '../model/agent-story.js'
import { formatClock } from '../model/format.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { useEvents } from './use-events.js'

const MOST_SHOWN = 50

/** Null: not read yet. */
export function useMessages(): ReadonlySignal<readonly Message[] | null> {
  const events = useEvents(MESSAGE_TYPES)
  return useComputed(() => (events.value === null ? null : messagesOf(events.value)))
}

export interface MessagesProps {
  /** Only what this agent said, and what was said to it; null: everything. */
  readonly of: { readonly agentId: string; readonly roles: readonly string[] } | null
}

export function Messages({ of }: MessagesProps) {
  const known = useMessages()
  const messages = known.value?.filter((message) => of === null || concerns(message, of.agentId, of.roles)) ?? []
  return (
    <section class="messages" aria-labelledby="messages-title">
      <div class="section-head">
        <h2 id="messages-title">Messages</h2>
        {of !== null && <span class="dim">sent and received</span>}
      </div>
      {known.value === null ? (
        <Asking what="what was said" />
      ) : (
        <ol>
          {messages.slice(0, MOST_SHOWN).map((message) => (
            <Row key={message.seq} message={message} of={of?.agentId ?? null} />
          ))}
          {messages.length === 0 && <li class="dim">Nothing was said yet.</li>}
        </ol>
      )}
    </section>
  )
}

function Row({ message, of }: { readonly message: Message; readonly of: string | null }) {
  const { store } = usePage()
  const { from, to, time, event } = message
  return (
    <li>
      <p class="message-line">
        <time dateTime={new Date(time).toISOString()}>{formatClock(time)}</time>
        <AgentTag author={from ?? 'PEER'} small />
        <span class="message-to soft">
          to <To to={to} />
        </span>
        <Receipt message={message} of={of} />
      </p>
      <p class="message-words">{wordsOf(event, (author) => store.tag(author).text)}</p>
    </li>
  )
}

/** What is merely said stands as it was said; whom it is for stands in tags of its own. */
function wordsOf({ to: _, ...event }: Message['event'], nameOf: (author: string) => string): string {
  if (event.type !== 'broadcast') return eventWords(event, nameOf)
  const { text, ...more } = event.data
  return typeof text === 'string' && Object.keys(more).length === 0
    ? text
    : eventWords(event, nameOf).replace(/^says /, '')
}

export function To({ to }: { readonly to: Addressee | null }) {
  if (to === null) return <>everybody</>
  return 'agent' in to ? <AgentTag author={to.agent} small /> : <b>{to.role}</b>
}

/** Who has taken note. Of what was said to one agent, or on its page, that agent is the one that counts. */
export function Receipt({ message, of }: { readonly message: Message; readonly of: string | null }) {
  const { to, from, acknowledged } = message
  const awaited = to !== null && 'agent' in to ? to.agent : of === from ? null : of
  const own = acknowledged.filter(({ agentId }) => awaited === null || agentId === awaited)
  if (own.length === 0) return <span class="receipt dim">not acknowledged yet</span>
  return (
    <span class="receipt state-done">
      <Icon name="check" /> acknowledged{' '}
      {awaited === null ? (
        <>
          by{' '}
          {own.map(({ agentId }) => (
            <AgentTag key={agentId} author={agentId} small />
          ))}
        </>
      ) : (
        <Age of={own[0]?.time ?? 0} past />
      )}
    </span>
  )
}
