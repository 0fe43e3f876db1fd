/** A list that is built anew, and yet stays the same one while nothing in it is another: whoever shows it is then not told. */

/** @param isSame whether two items tell the same; unless given: they are one */
export function keeper<T>(isSame: (a: T, b: T) => boolean = Object.is): (list: readonly T[]) => readonly T[] {
  let kept: readonly T[] = []
  return (list) => {
    const others = kept.values()
    const isKept =
      list.length === kept.length &&
      list.every((item) => {
        const other = others.next()
        return other.done !== true && isSame(item, other.value)
      })
    if (!isKept) kept = list
    return kept
  }
}
