/** Numbers and times in the words of the page. Durations and sizes round down: "2 min" never means less. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "3 s", "40 s", "2 min", "5 h", "3 d". Negative ones, of clocks that disagree, count as nothing. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < MINUTE) return `${Math.max(0, Math.floor(milliseconds / SECOND))} s`
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`
  if (milliseconds < DAY) return `${Math.floor(milliseconds / HOUR)} h`
  return `${Math.floor(milliseconds / DAY)} d`
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
const shortClock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hour12: false })

/** "14:15:09", in the time zone of whoever looks. */
export function formatClock(time: number): string {
  const second = Math.floor(time / SECOND)
  // What happens comes in bursts: most often it is the same second again.
  if (second !== last.second) last = { second, text: clock.format(time) }
  return last.text
}
let last = { second: NaN, text: '' }

/** "14:15" */
export function formatShortClock(time: number): string {
  return shortClock.format(time)
}

/** "412 B", "12 kB", "86 MB", "1.4 GB" */
export function formatBytes(bytes: number): string {
  const kilo = 1024
  if (bytes < kilo) return `${bytes} B`
  if (bytes < kilo ** 2) return `${Math.floor(bytes / kilo)} kB`
  if (bytes < kilo ** 3) return `${Math.floor(bytes / kilo ** 2)} MB`
  return `${(bytes / kilo ** 3).toFixed(1)} GB`
}

/** "0.4 ms", "12 ms" */
export function formatMilliseconds(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds))} ms`
}

const grouped = new Intl.NumberFormat('en-GB')

/** "5,171" */
export function formatNumber(value: number): string {
  // Most are small, and read the same without being asked about.
  return Number.isInteger(value) && Math.abs(value) < 1_000 ? String(value) : grouped.format(value)
}

/** "1 file", "5,171 files" */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** "agent" becomes "Agent"; "CLAUDE" becomes "Claude". */
export function capitalize(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()
}
