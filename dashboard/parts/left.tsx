/** What is left of a lock, or of a wait: as a time, and as a bar. */
import type { Lock } from '../../protocol/locks.js'
import { formatClock } from '../model/format.js'
import { formatLeft } from '../model/held-locks.js'
import { usePage } from './context.js'

/** While the server is not heard, the clock time of its end. */
export function Left({ until }: { readonly until: number }) {
  const { store } = usePage()
  if (store.freshness.value.kind === 'offline') return <>until {formatClock(until)}</>
  return <>{formatLeft(until - store.serverNow.value)}</>
}

/** Never more than it was given: the page's clock moves once a second, and a lock may be younger than that. */
export function LockLeft({ lock: { expiresAt, ttl } }: { readonly lock: Pick<Lock, 'expiresAt' | 'ttl'> }) {
  const { serverNow } = usePage().store
  return <Left until={Math.min(expiresAt, serverNow.value + ttl * 1000)} />
}

/** @param span of all of it, in milliseconds */
export function LeftBar({ until, span }: { readonly until: number; readonly span: number }) {
  const part = Math.min(1, Math.max(0, (until - usePage().store.serverNow.value) / span))
  return (
    <span class="left-bar" aria-hidden="true">
      <i style={{ width: `${part * 100}%` }} />
    </span>
  )
}
