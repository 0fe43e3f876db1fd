/** For what a control does: one thing at a time, and what the server said against it, in words. */
import { useSignal, type ReadonlySignal } from '@preact/signals'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import { usePage } from './context.js'

export interface Acting {
  /** Something is under way, or nothing can be changed now. */
  readonly isShut: boolean
  /** Why it did not happen; null: it did, or was not tried. */
  readonly fault: ReadonlySignal<EnsembleError | null>
  /** Resolves to whether it was done. */
  readonly run: (act: () => Promise<unknown>) => Promise<boolean>
}

export function useActing(): Acting {
  const { store } = usePage()
  const isBusy = useSignal(false)
  const fault = useSignal<EnsembleError | null>(null)
  const run = async (act: () => Promise<unknown>) => {
    isBusy.value = true
    fault.value = null
    try {
      await act()
      return true
    } catch (thrown) {
      fault.value = toEnsembleError(thrown)
      return false
    } finally {
      isBusy.value = false
    }
  }
  return { isShut: isBusy.value || !store.canWrite.value, fault, run }
}

export function ActingFault({ of: { fault } }: { readonly of: Acting }) {
  const error = fault.value
  if (error === null) return null
  return (
    <p class="acting-fault" role="alert">
      {error.message}{' '}
      {error.code === 'E_UNREACHABLE' ? 'Whether it was done will be seen when the server is back.' : error.hint}
    </p>
  )
}
