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
