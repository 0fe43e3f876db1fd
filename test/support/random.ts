/** Chance by a seed: the same numbers for the same seed. */

export interface Random {
  /** In [0, 1). */
  readonly next: () => number
  /** A whole number from 0 to `count - 1`. */
  readonly below: (count: number) => number
  /** One of `list`, which must not be empty. */
  readonly one: <T>(list: readonly T[]) => T
}

/** mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(next() * count)
  return {
    next,
    below,
    one: (list) => {
      const item = list[below(list.length)]
      if (item === undefined) throw new Error('chosen from an empty list')
      return item
    },
  }
}
