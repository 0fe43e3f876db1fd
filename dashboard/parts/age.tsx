/**
 * How long something lasts, or is past. While the server is not heard a duration would go on being wrong without anybody
 * seeing it: then the clock time stands there.
 */
import { computed } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { formatClock, formatDuration } from '../model/format.js'
import { usePage } from './context.js'

export interface AgeProps {
  /** By the server's clock. */
  readonly of: number
  /** "40 s ago", of what happened; else "40 s", of what lasts. */
  readonly past?: boolean
}

export function Age({ of: time, past = false }: AgeProps) {
  const { store } = usePage()
  // Text by itself: each second it is worked out, and the page is touched where it reads otherwise.
  const text = useMemo(
    () =>
      computed(() => {
        if (store.freshness.value.kind === 'offline') return `${past ? 'at' : 'since'} ${formatClock(time)}`
        return `${formatDuration(store.serverNow.value - time)}${past ? ' ago' : ''}`
      }),
    [store, time, past],
  )
  return <>{text}</>
}
