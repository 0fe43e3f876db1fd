/** A file that was renamed: its old address leads to the new one, and the page says so. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { trusted } from '../../client/sdk/trusted.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Page } from '../parts/context.js'
import { formatRoute } from '../router.js'

/** The last path that was followed to another one. */
const moved = signal<{ readonly from: string; readonly to: string } | null>(null)

/** Where a file went that was renamed: the address follows it, unless something typed here stays behind. */
export function useMoved({ store, router, link, drafts }: Page, path: string): void {
  const isGone = store.filesKnown.value && (store.head(path)?.deleted ?? true) && drafts.stranded(path).length === 0
  const isLive = store.connection.value.kind === 'live'
  useEffect(() => {
    if (!isGone || !isLive) return
    let left = false
    // From the address, as it is: the server knows a file by every name that it had.
    link.ask('history', { path: trusted<WorkspacePath>(path), limit: 1 }).then(
      ({ head }) => {
        if (left || head.deleted || head.path === path) return
        moved.value = { from: path, to: head.path }
        router.replace(formatRoute({ view: 'files', path: head.path }) + location.hash)
      },
      // There never was such a file, and the view says so.
      () => undefined,
    )
    return () => {
      left = true
    }
  }, [isGone, isLive])
}

export function Moved({ path }: { readonly path: string }) {
  const last = moved.value
  if (last === null || last.to !== path) return null
  return (
    <p class="editor-state" role="status">
      <b>Renamed.</b> <code>{last.from}</code> is called <code>{last.to}</code> now.{' '}
      <button type="button" class="button button-small" onClick={() => (moved.value = null)}>
        OK
      </button>
    </p>
  )
}
