/** The page without a token: how to get one. It opens no connection. */
import { useSignal } from '@preact/signals'
import { tokenFromInput } from '../token.js'

export interface NoTokenProps {
  /** The last one was refused; why. */
  readonly refused?: string | undefined
  readonly use: (token: string) => void
}

export function NoToken({ refused, use }: NoTokenProps) {
  const input = useSignal('')
  return (
    <main class="no-token">
      <div class="empty">
        <h1>{refused === undefined ? 'Open the address with its token' : 'The server refuses this token'}</h1>
        <p class="soft">
          {refused ?? 'This page shows the workspace to those who can read it.'} <code>ensemble server start</code>, or{' '}
          <code>ensemble dashboard</code>, prints an address that ends in <code>#token=…</code>. Open that one, or paste
          it here:
        </p>
        <form
          class="command"
          onSubmit={(event) => {
            event.preventDefault()
            const token = tokenFromInput(input.value)
            if (token !== '') use(token)
          }}
        >
          <input
            class="field"
            aria-label="Address or token"
            placeholder="Address or token"
            autocomplete="off"
            spellcheck={false}
            value={input}
            onInput={(event) => (input.value = event.currentTarget.value)}
          />
          <button class="button button-primary">Open</button>
        </form>
        <p class="dim">The token stays in this tab and goes to this server alone.</p>
      </div>
    </main>
  )
}
