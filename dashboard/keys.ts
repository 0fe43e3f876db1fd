/**
 * Keys: one registry feeds both the listener and the list that `?` shows. Single keys rest while someone types, and can be
 * turned off.
 */
import { signal } from '@preact/signals'

export interface KeyBinding {
  /** One key, or two after each other: `/`, `g o`; with Control (or Command): `Ctrl+Enter`. */
  readonly keys: string
  readonly label: string
  readonly run: () => void
  /** Heard while someone types, too: no key that writes anything. */
  readonly always?: boolean
}

/** Within this time the second key of a sequence must follow. In milliseconds. */
const SEQUENCE = 1_500
const OFF = 'ensemble-keys-off'

export class Keys {
  readonly bindings = signal<readonly KeyBinding[]>([])
  readonly enabled = signal(true)
  readonly #window: Window
  #first: { readonly key: string; readonly time: number } | undefined

  constructor(window: Window) {
    this.#window = window
    this.enabled.value = window.localStorage.getItem(OFF) === null
    window.addEventListener('keydown', (event) => this.#press(event))
  }

  /** Until disposed, which a view does when it goes. */
  add(bindings: readonly KeyBinding[]): () => void {
    this.bindings.value = [...this.bindings.value, ...bindings]
    return () => {
      this.bindings.value = this.bindings.value.filter((binding) => !bindings.includes(binding))
    }
  }

  turn(on: boolean): void {
    this.enabled.value = on
    if (on) this.#window.localStorage.removeItem(OFF)
    else this.#window.localStorage.setItem(OFF, 'yes')
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented) return
    const chord = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.key}`
    const always = this.bindings.value.find((binding) => binding.always === true && binding.keys === chord)
    if (always !== undefined) {
      event.preventDefault()
      always.run()
      return
    }
    if (!this.enabled.value || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
    const first = this.#first
    this.#first = undefined
    const sequence =
      first !== undefined && event.timeStamp - first.time <= SEQUENCE ? `${first.key} ${event.key}` : event.key
    const binding = this.bindings.value.find(({ keys }) => keys === sequence)
    if (binding !== undefined) {
      event.preventDefault()
      binding.run()
      return
    }
    if (this.bindings.value.some(({ keys }) => keys.startsWith(`${event.key} `))) {
      this.#first = { key: event.key, time: event.timeStamp }
    }
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, dialog') !== null)
  )
}
