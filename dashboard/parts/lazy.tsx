/** A view that is loaded when it is first shown, so that the overview does not wait for all of them. */
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { usePage } from './context.js'
import { NotDelivered } from './not-delivered.js'

/** @param load may fail: the server may be gone, or be another version by now */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> & { readonly preload: () => void } {
  let loaded: ComponentType<Props> | null = null
  const fetch = async () => {
    loaded = await load()
  }
  function Lazy(props: Props) {
    const isThere = useSignal(loaded !== null)
    const isFailed = useSignal(false)
    const isLive = usePage().store.connection.value.kind === 'live'
    // Also when the server is back: it may have it then.
    useEffect(() => {
      if (loaded !== null) return
      fetch().then(
        () => (isThere.value = true),
        () => (isFailed.value = true),
      )
    }, [isLive])
    const View = isThere.value ? loaded : null
    if (View === null && isFailed.value) return <NotLoaded />
    return View === null ? null : <View {...props} />
  }
  // What fails now is told of when it is shown.
  return Object.assign(Lazy, { preload: () => void fetch().catch(() => undefined) })
}

function NotLoaded() {
  return (
    <div class="empty">
      <h1>This view could not be loaded</h1>
      <NotDelivered />
    </div>
  )
}
