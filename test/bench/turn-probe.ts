/**
 * Loaded into a server by `node --import`: from one SIGUSR2 to the next it looks at the processor's time of the thread that
 * runs the event loop, once a turn, and keeps the longest turn. The kernel counts it, so that other processes do not.
 * Each time it answers in the file that TURN_PROBE names: `watching`, then that turn's milliseconds.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const ANSWER = process.env['TURN_PROBE']

/** In milliseconds; only Linux tells. */
function threadTime(): number {
  const stat = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8')
  return Number(stat.split(' ')[0]) / 1e6
}

let isWatching = false
let longest = 0
let last = 0

function look(): void {
  const now = threadTime()
  longest = Math.max(longest, now - last)
  last = now
  if (isWatching) setImmediate(look)
}

if (ANSWER !== undefined) {
  process.on('SIGUSR2', () => {
    isWatching = !isWatching
    if (!isWatching) {
      writeFileSync(ANSWER, String(longest))
      return
    }
    longest = 0
    writeFileSync(ANSWER, 'watching')
    last = threadTime()
    setImmediate(look)
  })
}
