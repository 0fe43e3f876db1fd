/** What stands where a file's text would: why it does not. */
import type { ComponentChildren } from 'preact'

export interface NoticeProps {
  readonly title: string
  readonly children?: ComponentChildren
}

export function Notice({ title, children }: NoticeProps) {
  return (
    <div class="file-notice">
      <h2>{title}</h2>
      {children !== undefined && <div class="soft">{children}</div>}
    </div>
  )
}

/** It comes by itself when the server is back, unless that is another version by then. */
export function EditorNotLoaded() {
  return (
    <Notice title="The editor could not be loaded">
      <p>The server did not deliver it. It may have been stopped, or replaced by another version.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </Notice>
  )
}
