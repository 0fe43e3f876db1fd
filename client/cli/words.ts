/** Figures and paths as people read them. */

/** "1 file", "2,104 files" */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${figure(number)} ${number === 1 ? one : many}`
}

/** 1234567 → "1,234,567", the same in every locale: scripts compare it. */
export function figure(number: number): string {
  return number.toLocaleString('en-US')
}

/** "850 ms", "2.4 s", "3 min", "5 h", "2 days" */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${milliseconds.toFixed(1)} ms`
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

/** "3.2 MB"; powers of 1,000, as disks are sold. */
export function bytes(number: number): string {
  const units = ['kB', 'MB', 'GB', 'TB']
  if (number < 1_000) return `${number} B`
  let value = number / 1_000
  for (const unit of units) {
    if (value < 999.95 || unit === 'TB') return `${value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`
    value /= 1_000
  }
  return `${number} B`
}

/** Cuts a path in its middle, so that the folder it begins with and the file it ends with stay readable. */
export function cutPath(path: string, width: number): string {
  const letters = Array.from(path)
  if (letters.length <= width) return path
  if (width < 3) return letters.slice(-width).join('')
  const tail = Math.max(Math.ceil((width - 1) / 2), Math.min(lastName(letters), width - 2))
  return `${letters.slice(0, width - 1 - tail).join('')}…${letters.slice(-tail).join('')}`
}

function lastName(letters: readonly string[]): number {
  return letters.length - letters.lastIndexOf('/')
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

/** "a", "a and b", "a, b and 3 more" */
export function list(names: readonly string[], shown = 3): string {
  if (names.length <= 1) return names.join('')
  if (names.length <= shown) return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
  return `${names.slice(0, shown - 1).join(', ')} and ${names.length - shown + 1} more`
}

/** The candidates that someone may have meant, nearest first. */
export function near(word: string, candidates: readonly string[]): string[] {
  const limit = word.length < 4 ? 1 : 2
  return candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= limit || (word.length > 2 && candidate.startsWith(word)))
    .sort((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's: letters to put in, take out or exchange. */
function distance(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same))
    }
    last = row
  }
  return last[b.length] ?? 0
}
