/** What a bridge says of itself: follows from what its parts say, and is told to listeners when it becomes another one. */
import type { BridgeOptions, BridgeState } from './api.js'
import { inBackground } from './background.js'
import { isSameState, stateOf } from './bridge-state.js'
import type { Held } from './gate.js'
import type { Disposer } from './ports.js'
import type { RootFault } from './root.js'

/** What is asked whenever the state is worked out. */
export type StatusNow = Pick<
  Parameters<typeof stateOf>[0],
  'isClosed' | 'link' | 'hasSynced' | 'isAttached' | 'waiting'
>

export interface BridgeStatusOptions {
  readonly dir: string
  readonly log: BridgeOptions['log']
  readonly now: () => StatusNow
}

export class BridgeStatus {
  readonly #options: BridgeStatusOptions
  readonly #listeners = new Set<(state: BridgeState) => void>()
  #state: BridgeState = { kind: 'starting' }
  /** Undefined: the folder is the one that was opened. */
  rootFault: RootFault | undefined
  #storeFailure: Error | undefined
  #held: Held | undefined

  constructor(options: BridgeStatusOptions) {
    this.#options = options
  }

  get state(): BridgeState {
    return this.#state
  }

  onState(listener: (state: BridgeState) => void): Disposer {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves with the next change. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      const dispose = this.onState(() => {
        dispose()
        resolve()
      })
    })
  }

  /** Whether the bridge can write its records. */
  noteStore(failure: Error | undefined): void {
    const { log } = this.#options
    this.#storeFailure = failure
    if (failure === undefined) log.info({}, 'the bridge can write its records again')
    else log.error({ reason: failure.message }, 'the bridge can’t write its records')
    this.update()
  }

  noteHeld(held: Held | undefined): void {
    if (held !== undefined && this.#held === undefined) {
      this.#options.log.warn({ files: held.files.size, code: held.code }, 'many files changed at once; held')
    }
    this.#held = held
    this.update()
  }

  update(): void {
    const { dir, log, now } = this.#options
    const next = stateOf({
      dir,
      rootFault: this.rootFault,
      storeFailure: this.#storeFailure,
      held: this.#held,
      ...now(),
    })
    if (isSameState(this.#state, next)) return
    this.#state = next
    for (const listener of [...this.#listeners]) {
      inBackground(log, 'a listener to the state failed', () => Promise.resolve(listener(next)))
    }
  }
}
