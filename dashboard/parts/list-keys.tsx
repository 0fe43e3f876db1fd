/** Moves the focus through a list by j and k, as in any list of the page. */
import { useCommands } from './context.js'

export interface ListKeysProps {
  /** What of the list can have the focus, as a selector of CSS. */
  readonly items: string
}

export function ListKeys({ items }: ListKeysProps) {
  const focus = (step: number) => {
    const all = [...document.querySelectorAll<HTMLElement>(items)]
    const here = all.findIndex((item) => item === document.activeElement)
    all[Math.min(Math.max(0, here + step), all.length - 1)]?.focus()
  }
  useCommands({ down: () => focus(1), up: () => focus(-1) })
  return null
}
