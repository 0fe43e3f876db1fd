/** Waits for a condition; tests never sleep. */

/** Polls until `condition` gives something other than undefined, null or false; fails after `milliseconds`. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what = 'the condition',
  milliseconds = 10_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>
    if (Date.now() > deadline) throw new Error(`${what} did not come about within ${milliseconds} ms`)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}
