/** A list of rows of one height, of which only those in sight are in the page. */
import { type ComponentChildren, type RefObject } from 'preact'
import { useEffect, useImperativeHandle, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'

/** Rows kept beyond either edge, so that scrolling shows no gaps. */
const MARGIN = 8
/** In CSS pixels. A finger needs more. */
const ROW = 26
const COARSE_ROW = 40

export interface VirtualListHandle {
  /** Scrolls as little as needed to have this row in sight. */
  show(index: number): void
}

export interface VirtualListProps<T> {
  readonly rows: readonly T[]
  readonly children: (row: T) => ComponentChildren
  readonly handle: RefObject<VirtualListHandle | null>
  readonly class: string
  readonly role: 'tree'
  readonly label: string
  /** Where the keyboard is; -1: at no row. */
  readonly active: number
  /** The id of a row's element. */
  readonly idOf: (row: T) => string
  readonly onKeyDown: (event: KeyboardEvent) => void
}

export function VirtualList<T>(props: VirtualListProps<T>) {
  const { rows, children, handle, label, active, idOf, role, ...rest } = props
  const list = useRef<HTMLDivElement>(null)
  const top = useSignal(0)
  const height = useSignal(0)
  const rowHeight = useRef(matchMedia('(pointer: coarse)').matches ? COARSE_ROW : ROW).current
  useEffect(() => {
    if (list.current === null) return
    const observer = new ResizeObserver(([entry]) => (height.value = entry?.contentRect.height ?? 0))
    observer.observe(list.current)
    return () => observer.disconnect()
  }, [])
  useImperativeHandle(handle, () => ({
    show: (index) => {
      const element = list.current
      if (element === null) return
      const start = index * rowHeight
      if (start < element.scrollTop) element.scrollTop = start
      else if (start + rowHeight > element.scrollTop + element.clientHeight) {
        element.scrollTop = start + rowHeight - element.clientHeight
      }
    },
  }))
  const first = Math.max(0, Math.floor(top.value / rowHeight) - MARGIN)
  const last = Math.min(rows.length, Math.ceil((top.value + height.value) / rowHeight) + MARGIN)
  const current = active >= first && active < last ? rows[active] : undefined
  return (
    <div
      ref={list}
      role={role}
      aria-label={label}
      aria-activedescendant={current === undefined ? undefined : idOf(current)}
      tabIndex={0}
      style={{ '--row-height': `${rowHeight}px` }}
      onScroll={(event) => (top.value = event.currentTarget.scrollTop)}
      {...rest}
    >
      <div role="presentation" style={{ height: `${first * rowHeight}px` }} />
      {rows.slice(first, last).map(children)}
      <div role="presentation" style={{ height: `${(rows.length - last) * rowHeight}px` }} />
    </div>
  )
}
