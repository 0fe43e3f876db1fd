/** Moves the focus through a list by j and k, as in any list of the page; Space shows what has the focus, without going there. */
import { signal } from '@preact/signals'
import { parseRoute, type Route } from '../router.js'
import { useCommands } from './context.js'

export interface ListKeysProps {
  /** What of the list can have the focus, as a selector of CSS; of what can't by itself, the first link in it has it. */
  readonly items: string
}

/** What is looked at without going there; null: nothing. */
export const peeked = signal<Route | null>(null)

export function ListKeys({ items }: ListKeysProps) {
  const focus = (step: number) => {
    const all = [...document.querySelectorAll<HTMLElement>(items)]
    const here = all.findIndex((item) => item.contains(document.activeElement))
    const item = all[Math.min(Math.max(0, here + step), all.length - 1)]
    const target = item?.matches('a, button') === true ? item : (item?.querySelector('a') ?? item)
    // At the top it would be behind the bar, which stays there.
    target?.scrollIntoView({ block: 'nearest' })
    target?.focus()
  }
  useCommands({
    down: () => focus(1),
    up: () => focus(-1),
    openIt: () => focusedLink()?.click(),
    peek: () => {
      const route = parseRoute(focusedLink()?.pathname ?? '/')
      const one = 'path' in route ? route.path : 'id' in route ? route.id : null
      // A whole list is shown by going there.
      if (one !== null) peeked.value = route
    },
  })
  return null
}

function focusedLink(): HTMLAnchorElement | null {
  return document.activeElement instanceof HTMLAnchorElement ? document.activeElement : null
}
