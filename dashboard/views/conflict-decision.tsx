/** A button for each side of a conflict, and what the server said against it, if it did. */
import { useSignal } from '@preact/signals'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import type { Conflict } from '../../protocol/conflicts.js'
import { optionsOf, type Side } from '../model/decisions.js'
import { usePage } from '../parts/context.js'

export interface DecisionProps {
  readonly conflict: Conflict
  /** It was decided here; the server's word of it may still be on its way. */
  readonly resolved: () => void
}

export function Decision({ conflict, resolved }: DecisionProps) {
  const { store, link } = usePage()
  const asked = useSignal<Side | null>(null)
  const fault = useSignal<EnsembleError | null>(null)
  const isAway = !store.canWrite.value
  const choose = async (side: Side) => {
    asked.value = side
    fault.value = null
    try {
      await link.resolve(conflict.id, { kind: side })
      resolved()
    } catch (thrown) {
      fault.value = toEnsembleError(thrown)
      asked.value = null
    }
  }
  if (store.readOnly.value) return null
  const options = optionsOf(conflict, (author) => (store.isAgent(author) ? author : store.tag(author).text))
  return (
    <footer class="decision">
      {options.map(({ side, label }) => (
        <button
          key={side}
          type="button"
          class="button"
          disabled={isAway || asked.value !== null}
          title={isAway ? 'The server is away; decide when it is back.' : undefined}
          onClick={() => void choose(side)}
        >
          {asked.value === side ? 'Writing…' : label}
        </button>
      ))}
      <Fault error={fault.value} />
    </footer>
  )
}

export function Fault({ error }: { readonly error: EnsembleError | null }) {
  if (error === null) return null
  return (
    <p class="decision-fault" role="alert">
      {error.message} {wayOut(error)}
    </p>
  )
}

function wayOut({ code, hint }: EnsembleError): string {
  if (code === 'E_UNREACHABLE') return 'Whether it was decided will be seen when the server is back.'
  if (code === 'E_CONFLICT_MOVED') return 'Open the file, make it read as it should, and then keep what stands there.'
  return hint ?? ''
}
