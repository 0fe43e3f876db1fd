/**
 * A bridge that can be killed at any of its steps, within this process: as after kill -9 it does nothing more, and its files
 * stay as they are.
 *
 * From its death on none of its steps, timers, requests and messages goes on; a commit that was under way ends, as one that
 * had been handed to the system would. The lock of its folder stays behind, as that of a process that is gone does.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { BridgeOptions, BridgeStep } from '../../client/bridge/api.js'
import { openBridge, type Bridge } from '../../client/bridge/bridge.js'
import { SYSTEM } from '../../client/bridge/environment.js'
import type { BridgeConnection, Environment } from '../../client/bridge/ports.js'

export const STEPS = [
  ...(['begin', 'temporary', 'intent', 'renamed', 'folder', 'base'] as const),
  ...(['read', 'pending', 'answered', 'settled', 'storing', 'stored'] as const),
] satisfies readonly BridgeStep[]
export type KillStep = (typeof STEPS)[number]

// The stores of the dead are never closed, and each listens to the end of the process.
process.setMaxListeners(0)

export type MortalOptions = Omit<BridgeOptions, 'environment' | 'onStep'>

export class MortalBridge {
  readonly #options: MortalOptions
  readonly #onDeath: () => void
  #bridge: Bridge | undefined
  #isDead = false
  /** Commits that the system has. */
  #storing = 0
  #tellDeath = (): void => undefined
  readonly death = new Promise<void>((resolve) => (this.#tellDeath = resolve))
  #fatal: { readonly step: BridgeStep; left: number } | undefined

  /** @param onDeath called at the very moment */
  constructor(options: MortalOptions, onDeath: () => void) {
    this.#options = options
    this.#onDeath = onDeath
  }

  /** Undefined where it died while it was being opened. */
  async open(): Promise<Bridge | undefined> {
    const opening = openBridge({
      ...this.#options,
      connection: this.#line(this.#options.connection),
      environment: this.#environment(),
      onStep: (step) => this.#onStep(step),
    }).then((bridge) => (this.#bridge = bridge))
    await Promise.race([opening, this.death])
    return this.bridge
  }

  get bridge(): Bridge | undefined {
    return this.#isDead ? undefined : this.#bridge
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Dies when it comes to `step` for the `left + 1`th time from now. */
  arm(step: BridgeStep, left: number): void {
    this.#fatal = { step, left }
  }

  disarm(): void {
    this.#fatal = undefined
  }

  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#tellDeath()
    this.#onDeath()
  }

  /** Resolves when nothing of it can happen any more, and another bridge may work in the folder. */
  async buried(): Promise<void> {
    while (this.#storing > 0) await setImmediate()
    await setImmediate()
    rmSync(join(this.#options.dir, '.ensemble/bridge/lock'), { force: true })
    // Its watches are not to pile up. What it waits for never comes, so that this ends nothing else.
    void this.#bridge?.close()
  }

  #onStep(step: BridgeStep): Promise<void> | undefined {
    if (step === 'stored') this.#storing--
    if (this.#isDead) return never()
    if (step === this.#fatal?.step && this.#fatal.left-- === 0) {
      this.die()
      return never()
    }
    if (step === 'storing') this.#storing++
    return undefined
  }

  #environment(): Environment {
    const { timers } = SYSTEM
    return {
      ...SYSTEM,
      timers: {
        after: (milliseconds, run) =>
          timers.after(milliseconds, () => {
            if (!this.#isDead) run()
          }),
        yield: () => this.#alive(timers.yield()),
      },
    }
  }

  #line(connection: BridgeConnection): BridgeConnection {
    const whileAlive =
      <T>(listener: (value: T) => void) =>
      (value: T): void => {
        if (!this.#isDead) listener(value)
      }
    return {
      get state() {
        return connection.state
      },
      onState: (listener) => connection.onState(whileAlive(listener)),
      onMessage: (listener) => connection.onMessage(whileAlive(listener)),
      request: (method, params) => (this.#isDead ? never() : this.#alive(connection.request(method, params))),
    }
  }

  #alive<T>(promise: Promise<T>): Promise<T> {
    return promise.then(
      (value) => (this.#isDead ? never<T>() : value),
      (thrown: unknown) => {
        if (this.#isDead) return never<T>()
        throw thrown
      },
    )
  }
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}
