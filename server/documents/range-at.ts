/** Ranges of clocks of one client, ascending and disjoint. */
interface Range {
  readonly from: number
  readonly to: number
}

/** The first range that ends behind the clock: it holds the clock, or is the next; undefined: there is none. */
export function rangeAt<R extends Range>(ranges: readonly R[], clock: number): R | undefined {
  let low = 0
  let high = ranges.length // what is looked for is in [low, high]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.to ?? Infinity) > clock) high = middle
    else low = middle + 1
  }
  return ranges[low]
}
