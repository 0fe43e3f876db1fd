/** What every part may reach: the store, the address, the theme, the keys. */
import { createContext } from 'preact'
import { useContext, useEffect } from 'preact/hooks'
import type { KeyBinding, Keys } from '../keys.js'
import type { Link } from '../link.js'
import type { Drafts } from '../model/drafts.js'
import type { Router } from '../router.js'
import type { Store } from '../store.js'
import type { ThemeSwitch } from '../theme.js'

export interface Page {
  readonly store: Store
  readonly router: Router
  readonly theme: ThemeSwitch
  readonly keys: Keys
  readonly drafts: Drafts
  /** For the live documents, which have connections of their own. */
  readonly token: string
  /** What a view asks for by itself, and all that it may do. */
  readonly link: Pick<Link, 'ask' | 'resolve' | 'takeBack' | 'lock' | 'unlock' | 'breakLock' | 'task'>
  /** Forgets the token, and asks for another one. */
  readonly signOut: () => void
}

export const PageContext = createContext<Page | null>(null)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === null) throw new Error('A part was rendered outside of the page.')
  return page
}

/** While the part that calls it is shown. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const { keys } = usePage()
  // Once: what a binding does reads signals, so the first ones stay right.
  useEffect(() => keys.add(bindings), [])
}
