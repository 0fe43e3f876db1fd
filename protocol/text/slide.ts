/**
 * Where a run of added or removed lines may stand at several places with the same result (`}` + function, or function +
 * `}`), all diffs choose the same one: as far down as it goes. Two diffs of one base then agree about what touches what.
 */

/**
 * Slides each run of changed lines of one side that has nothing changed opposite it down, as far as the lines allow.
 * `ids` and `marks` are of the side, `opposite` the marks of the other. Runs that meet on the way become one.
 */
export function slideChanges(ids: Int32Array, marks: Uint8Array, opposite: Uint8Array): void {
  const { length } = ids
  let other = 0 // the unmarked line of the other side that pairs with the next unmarked line here, or a marked one before it
  let i = 0
  while (i < length) {
    if (marks[i] !== 1) {
      while (opposite[other] === 1) other++
      other++
      i++
      continue
    }
    let from = i
    let to = i
    while (to < length && marks[to] === 1) to++
    if (opposite[other] === 1) {
      i = to
      continue
    }
    // Down: the first line of the run leaves it, the line after the run, which is the same, joins it.
    while (to < length && ids[from] === ids[to] && opposite[other] !== 1) {
      marks[from++] = 0
      marks[to++] = 1
      other++
      while (to < length && marks[to] === 1) to++
    }
    i = to
  }
}
