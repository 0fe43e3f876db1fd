/** Being asked to end: Ctrl-C, `kill`, a closed terminal. */
import { EXIT, type ExitCode } from './fault.js'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
export type Disposer = () => void

/** Says that a command was broken off; not an error that needs words. */
export class Interrupted extends Error {
  readonly signal: Signal

  constructor(signal: Signal) {
    super(`interrupted by ${signal}`)
    this.name = 'Interrupted'
    this.signal = signal
  }
}

/** As long as it is not disposed of, signals reach `listener` and do not end the process. */
export function onSignals(listener: (signal: Signal) => void): Disposer {
  const handler = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP') listener(signal)
  }
  const signals: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, handler)
  return () => {
    for (const signal of signals) process.off(signal, handler)
  }
}

/** Ends `work` with Interrupted as soon as a signal comes; `clean` then has its time. */
export async function unlessInterrupted<T>(work: Promise<T>, clean: () => Promise<void> | void): Promise<T> {
  let dispose: Disposer = () => undefined
  const interruption = new Promise<never>((_, reject) => {
    dispose = onSignals((signal) => reject(new Interrupted(signal)))
  })
  try {
    return await Promise.race([work, interruption])
  } catch (thrown) {
    if (thrown instanceof Interrupted) {
      work.catch(() => undefined) // it was broken off; how it ends is of no interest any more
      await clean()
    }
    throw thrown
  } finally {
    dispose()
  }
}

/** Resolves with the first signal. */
export function nextSignal(): { readonly signal: Promise<Signal>; readonly dispose: Disposer } {
  let dispose: Disposer = () => undefined
  const signal = new Promise<Signal>((resolve) => {
    dispose = onSignals(resolve)
  })
  return { signal, dispose }
}

/** Ctrl-C breaks a command off; SIGTERM and SIGHUP ask a running one to end, which is no failure. */
export function exitCodeAfter(signal: Signal): ExitCode {
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok
}
