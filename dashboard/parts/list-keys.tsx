/** Moves the focus through a list by j and k, as in any list of the page. */
import { useKeys } from './context.js'

export interface ListKeysProps {
  /** What of the list can have the focus, as a selector of CSS. */
  readonly items: string
  /** What one of them is called. */
  readonly noun: string
}

export function ListKeys({ items, noun }: ListKeysProps) {
  const focus = (step: number) => {
    const all = [...document.querySelectorAll<HTMLElement>(items)]
    const here = all.findIndex((item) => item === document.activeElement)
    all[Math.min(Math.max(0, here + step), all.length - 1)]?.focus()
  }
  useKeys([
    { keys: 'j', label: `Go to the next ${noun} of the list`, run: () => focus(1) },
    { keys: 'k', label: 'Go to the one before', run: () => focus(-1) },
  ])
  return null
}
