/**
 * Ends a server step by step. A step that fails keeps no later one from its turn, and what could not be stored is told
 * whatever else went wrong: on a full disk nearly every step fails, and then the count of lost rows is what matters.
 */
import type { Lost } from './documents/lost.js'

export interface StopSteps {
  /** End what still brings changes in, in this order. */
  readonly sources: readonly (() => Promise<unknown>)[]
  /** Stores what waits. */
  readonly store: () => Promise<Lost>
  /** Close what the others stood on, in this order. */
  readonly ground: readonly (() => Promise<unknown>)[]
}

export interface Stopped {
  /** Undefined: it is not known, because storing itself failed. */
  readonly lost: Lost | undefined
  /** What the steps threw. */
  readonly faults: readonly unknown[]
}

/** Never rejects. */
export async function stopInOrder({ sources, store, ground }: StopSteps): Promise<Stopped> {
  const faults: unknown[] = []
  const attempt = async <T>(step: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await step()
    } catch (fault) {
      faults.push(fault)
      return undefined
    }
  }
  for (const step of sources) await attempt(step)
  const lost = await attempt(store)
  for (const step of ground) await attempt(step)
  return { lost, faults }
}
