/** What every part may reach: the store, the address, the theme, the keys. */
import { createContext } from 'preact'
import { useContext, useLayoutEffect } from 'preact/hooks'
import type { Signal } from '@preact/signals'
import type { Handlers } from '../commands.js'
import type { Keys } from '../keys.js'
import type { Link } from '../link.js'
import type { Drafts } from '../model/drafts.js'
import type { Offers } from '../model/offer.js'
import type { Router } from '../router.js'
import type { Store } from '../store.js'
import type { ThemeSwitch } from '../theme.js'

export interface Page {
  readonly store: Store
  readonly router: Router
  readonly theme: ThemeSwitch
  readonly keys: Keys
  readonly drafts: Drafts
  /** Whose edits are brought into sight, from file to file; null: nobody's. */
  readonly following: Signal<string | null>
  /** For the live documents, which have connections of their own. */
  readonly token: string
  /** Who sits here, as `PERSON-anna`. */
  readonly author: string
  /** Acts under another name from now on, which begins the page anew. @returns what is wrong with that name; null: nothing */
  readonly rename: (name: string) => string | null
  /** What a view asks for by itself, and all that it may do. */
  readonly link: Pick<
    Link,
    'ask' | 'resolve' | 'takeBack' | 'lock' | 'unlock' | 'breakLock' | 'task' | 'say' | 'rewrite' | 'rename'
  >
  /** What was done here and can be taken back. */
  readonly undo: Signal<Offers>
  /** Forgets the token, and asks for another one. */
  readonly signOut: () => void
}

export const PageContext = createContext<Page | null>(null)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === null) throw new Error('A part was rendered outside of the page.')
  return page
}

/** What commands do while the part that calls it is shown. */
export function useCommands(handlers: Handlers): void {
  const { keys } = usePage()
  // Once: what a handler does reads signals, so the first ones stay right. In the step in which the part is in the page: a key that is
  // pressed as soon as it is seen is for it.
  useLayoutEffect(() => keys.add(handlers), [])
}
