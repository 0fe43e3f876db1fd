/** Why a part of the page is not there, and what can be done about it. */
import { usePage } from './context.js'

export function NotDelivered() {
  const isAway = usePage().store.freshness.value.kind === 'offline'
  // To load the page anew would end in nothing now, and take away what it shows.
  if (isAway) return <p class="soft">The server is away. This comes by itself when it is back.</p>
  return (
    <>
      <p class="soft">The server did not deliver it. It may have been replaced by another version.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </>
  )
}
