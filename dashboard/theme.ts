/** Light or dark: as the system says, until a person says otherwise. */
import { signal, type ReadonlySignal } from '@preact/signals'

export type Theme = 'light' | 'dark'

const KEY = 'ensemble-theme'

export class ThemeSwitch {
  readonly #theme = signal<Theme>('light')
  readonly #window: Window

  constructor(window: Window) {
    this.#window = window
    const system = window.matchMedia('(prefers-color-scheme: dark)')
    const kept = window.localStorage.getItem(KEY)
    if (kept === 'light' || kept === 'dark') this.#set(kept)
    else this.#theme.value = system.matches ? 'dark' : 'light'
    system.addEventListener('change', () => {
      if (window.localStorage.getItem(KEY) === null) this.#theme.value = system.matches ? 'dark' : 'light'
    })
  }

  get theme(): ReadonlySignal<Theme> {
    return this.#theme
  }

  toggle(): void {
    const next = this.#theme.value === 'dark' ? 'light' : 'dark'
    this.#window.localStorage.setItem(KEY, next)
    this.#set(next)
  }

  #set(theme: Theme): void {
    this.#window.document.documentElement.dataset['theme'] = theme
    this.#theme.value = theme
  }
}
