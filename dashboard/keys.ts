/** Hears keys, and runs the commands that they stand for. Single keys rest while someone types, and can be turned off. */
import { computed, signal } from '@preact/signals'
import { COMMAND_IDS, commandOf, type CommandId, type Handlers } from './commands.js'

/** Within this time the second key of a sequence must follow. In milliseconds. */
const SEQUENCE = 1_500
const OFF = 'ensemble-keys-off'

export class Keys {
  readonly enabled = signal(true)
  /** Of the parts that are shown, in the order of their showing. */
  readonly #handlers = signal<readonly Handlers[]>([])
  /** What can be done now. */
  readonly available = computed(() =>
    COMMAND_IDS.filter((id) => this.#handlers.value.some((handlers) => handlers[id] !== undefined)),
  )
  readonly isApple: boolean
  readonly #window: Window
  #first: { readonly key: string; readonly time: number } | undefined

  constructor(window: Window) {
    this.#window = window
    this.enabled.value = window.localStorage.getItem(OFF) === null
    this.isApple = /Mac|iPhone|iPad/.test(window.navigator.userAgent)
    window.addEventListener('keydown', (event) => this.#press(event))
  }

  /** Until disposed, which a part does when it goes. */
  add(handlers: Handlers): () => void {
    this.#handlers.value = [...this.#handlers.value, handlers]
    return () => {
      this.#handlers.value = this.#handlers.value.filter((other) => other !== handlers)
    }
  }

  run(id: CommandId): void {
    this.#handlers
      .peek()
      .findLast((handlers) => handlers[id] !== undefined)
      ?.[id]?.()
  }

  turn(on: boolean): void {
    this.enabled.value = on
    if (on) this.#window.localStorage.removeItem(OFF)
    else this.#window.localStorage.setItem(OFF, 'yes')
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented) return
    const key = event.key === ' ' ? 'Space' : event.key
    const chord = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${key}`
    const available = this.available.peek().map((id) => ({ id, ...commandOf(id) }))
    const always = available.find((command) => command.always === true && command.keys === chord)
    if (always !== undefined) {
      event.preventDefault()
      this.run(always.id)
      return
    }
    if (!this.enabled.value || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
    // They press what has the focus, or scroll; a link is followed as it would be, and has no use for Space.
    if ((key === 'Space' || key === 'Enter') && (event.shiftKey || !(event.target instanceof HTMLAnchorElement))) return
    const first = this.#first
    this.#first = undefined
    const sequence = first !== undefined && event.timeStamp - first.time <= SEQUENCE ? `${first.key} ${key}` : key
    const command = available.find(({ keys }) => keys === sequence)
    if (command !== undefined) {
      event.preventDefault()
      this.run(command.id)
      return
    }
    if (available.some(({ keys }) => keys?.startsWith(`${key} `))) {
      this.#first = { key, time: event.timeStamp }
    }
  }
}

/** Whatever takes letters: a choice of a list as well, which goes to what begins so; no slider, and no box to tick. */
const TAKES_LETTERS = 'input:not([type=range], [type=checkbox], [type=radio]), textarea, select, dialog'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest(TAKES_LETTERS) !== null)
}
