/** Stands where something is that the server has been asked for, and says so when nobody will answer. */
import { usePage } from './context.js'

/** @param what as in "who is here" */
export function Asking({ what }: { readonly what: string }) {
  const { freshness } = usePage().store
  return (
    <p class="dim">
      {freshness.value.kind === 'offline'
        ? `Not known yet: ${what}. The server has not said.`
        : `Asking the server ${what}…`}
    </p>
  )
}
