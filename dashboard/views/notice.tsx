/** What stands where a file's text would: why it does not. */
import type { ComponentChildren } from 'preact'
import { NotDelivered } from '../parts/not-delivered.js'

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

export function EditorNotLoaded() {
  return (
    <Notice title="The editor could not be loaded">
      <NotDelivered />
    </Notice>
  )
}
