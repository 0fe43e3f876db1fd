/** Hands a conflict to an agent: a message to it that says which, and what to run; and whether it took note. */
import { useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { trusted } from '../../client/sdk/trusted.js'
import type { Conflict } from '../../protocol/conflicts.js'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import { isHere } from '../model/roster.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { Fault } from './conflict-decision.js'
import { Receipt, useMessages } from './messages.js'
import '../styles/hand-over.css'

interface Handed {
  readonly agentId: string
  readonly seq: number
}

export function HandOver({ conflict }: { readonly conflict: Conflict }) {
  const { store, link } = usePage()
  const choice = useRef<HTMLDetailsElement>(null)
  const handed = useSignal<Handed | null>(null)
  const fault = useSignal<EnsembleError | null>(null)
  const isAsked = useSignal(false)
  const agents = store.agents.value.filter(isHere).map((row) => row.agent.agentId as string)
  if (store.readOnly.value) return null

  const hand = async (agentId: string) => {
    choice.current?.removeAttribute('open')
    isAsked.value = true
    fault.value = null
    const { id, path } = conflict
    const text = `Please decide the conflict in ${path}: ensemble conflicts show ${id}`
    try {
      const { seq } = await link.say({ text, conflict: id, file: path }, { agent: trusted(agentId) })
      handed.value = { agentId, seq }
    } catch (thrown) {
      fault.value = toEnsembleError(thrown)
    }
    isAsked.value = false
  }
  return (
    <div class="hand-over">
      {handed.value === null ? null : <HandedOver handed={handed.value} />}
      <Fault error={fault.value} />
      <details
        ref={choice}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.currentTarget.open = false
          event.currentTarget.querySelector('summary')?.focus()
        }}
      >
        <summary class="button">
          <Icon name="send" />
          <span>{isAsked.value ? 'Handing over…' : 'Hand to an agent'}</span>
        </summary>
        <ul>
          {agents.map((agentId) => (
            <li key={agentId}>
              <button
                type="button"
                class="button button-ghost"
                disabled={!store.canWrite.value || isAsked.value}
                onClick={() => void hand(agentId)}
              >
                <AgentTag author={agentId} small /> {agentId}
              </button>
            </li>
          ))}
          {agents.length === 0 && <li class="dim">No agent is connected.</li>}
        </ul>
      </details>
    </div>
  )
}

function HandedOver({ handed: { agentId, seq } }: { readonly handed: Handed }) {
  const message = useMessages().value?.find((one) => one.seq === seq)
  return (
    <p class="soft" role="status">
      Handed to <AgentTag author={agentId} small /> {message !== undefined && <Receipt message={message} of={null} />}
    </p>
  )
}
