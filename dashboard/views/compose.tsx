/** To say something: to an agent, a role, or everybody; and whether it was taken note of, as that comes. */
import { useId } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { addresseesOf, addressKey } from '../model/addressees.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { Fault } from './conflict-decision.js'
import { Receipt, To, useMessages } from './messages.js'

/** Of one message, in characters; what is longer belongs into a file. */
const MOST_CHARACTERS = 10_000

export interface ComposeProps {
  /** Chosen at first; null: everybody. */
  readonly to: string | null
}

export function Compose({ to }: ComposeProps) {
  const { store, link } = usePage()
  const id = useId()
  const messages = useMessages()
  const choices = addresseesOf(store.agents.value, to)
  const chosen = useSignal(to === null ? '' : addressKey({ agent: to }))
  const text = useSignal('')
  const isAsked = useSignal(false)
  const fault = useSignal<EnsembleError | null>(null)
  const sent = useSignal<number | null>(null)
  const receipt = messages.value?.find((message) => message.seq === sent.value)
  if (store.readOnly.value) return null

  const send = async () => {
    const said = text.peek().trim()
    const choice = choices.find(({ key }) => key === chosen.peek())
    if (said === '' || isAsked.peek()) return
    isAsked.value = true
    fault.value = null
    // Whoever types on meanwhile types the next one.
    text.value = ''
    try {
      if (choice === undefined) {
        throw new EnsembleError('E_NOT_FOUND', 'Whom this was for has left.', { hint: 'Choose anew whom it is for.' })
      }
      sent.value = (await link.say({ text: said }, choice.to)).seq
    } catch (thrown) {
      text.value = `${said}\n${text.peek()}`.trim()
      fault.value = toEnsembleError(thrown)
    }
    isAsked.value = false
  }
  return (
    <section class="compose" aria-labelledby={`${id}-title`}>
      <div class="section-head">
        <h2 id={`${id}-title`}>Say something</h2>
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <label for={`${id}-to`}>To</label>
        <select
          id={`${id}-to`}
          class="field"
          value={chosen.value}
          onChange={(event) => (chosen.value = event.currentTarget.value)}
        >
          {choices.map(({ key, label }) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
        <label for={`${id}-text`}>Message</label>
        <textarea
          id={`${id}-text`}
          class="field"
          rows={3}
          maxLength={MOST_CHARACTERS}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
            event.preventDefault()
            void send()
          }}
        />
        <div class="compose-end">
          <p role="status">
            {receipt !== undefined && (
              <>
                <span class="soft">
                  Sent to <To to={receipt.to} />:
                </span>{' '}
                <Receipt message={receipt} of={null} />
              </>
            )}
          </p>
          <button
            class="button button-primary"
            disabled={!store.canWrite.value || isAsked.value || text.value.trim() === ''}
            title={store.canWrite.value ? 'Ctrl+Enter' : 'The server is away; send it when it is back.'}
          >
            <Icon name="send" />
            {isAsked.value ? 'Sending…' : 'Send'}
          </button>
        </div>
        <Fault error={fault.value} />
      </form>
    </section>
  )
}
