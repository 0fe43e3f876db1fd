/** The page without a session: how to get one. It opens no connection. */
import { useSignal } from '@preact/signals'
import type { EnsembleError } from '../../protocol/errors.js'
import { keyFromInput, type Key } from '../token.js'

export interface NoTokenProps {
  /** Why the link that was opened did not work. */
  readonly refused?: EnsembleError | undefined
  readonly use: (key: Key) => void
}

export function NoToken({ refused, use }: NoTokenProps) {
  const input = useSignal('')
  return (
    <main class="no-token">
      <div class="empty">
        <h1>{refused === undefined ? 'Open the dashboard by a link' : 'This link does not open the dashboard'}</h1>
        <p class="soft">
          {refused?.message ?? 'This page shows the workspace to those who were given a link.'}{' '}
          <code>ensemble dashboard</code> opens a new one, or prints it with <code>--print-url</code>. Each opens one
          page, once. Paste one here, or the workspace’s token:
        </p>
        <form
          class="command"
          onSubmit={(event) => {
            event.preventDefault()
            const key = keyFromInput(input.value)
            if (key !== null) use(key)
          }}
        >
          <input
            class="field"
            aria-label="Link or token"
            placeholder="Link or token"
            autocomplete="off"
            spellcheck={false}
            value={input}
            onInput={(event) => (input.value = event.currentTarget.value)}
          />
          <button class="button button-primary">Open</button>
        </form>
        <p class="dim">It stays in this tab and those that you open from it, and goes to this server alone.</p>
      </div>
    </main>
  )
}
