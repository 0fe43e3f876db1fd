/** Names that somebody may have meant. */

interface Likeness {
  /** Between the parts of a name. */
  readonly separator: '.' | '/'
  /** So many letters may differ. */
  readonly bound: number
}

/** At most five, nearest first: those with the same last part, then those that differ by a few letters. */
export function nearNames(asked: string, names: Iterable<string>): string[] {
  return nearest(asked, names, { separator: '.', bound: Math.max(2, Math.floor(asked.length / 3)) })
}

/** The same of paths: the last part is the file's own name. */
export function nearPaths(asked: string, paths: Iterable<string>): string[] {
  return nearest(asked, paths, { separator: '/', bound: 2 })
}

function nearest(asked: string, names: Iterable<string>, { separator, bound }: Likeness): string[] {
  const wanted = asked.toLowerCase()
  const lastPart = (name: string): string => name.slice(name.lastIndexOf(separator) + 1)
  const ranked = new Map<string, number>()
  for (const name of names) {
    const own = name.toLowerCase()
    const isSamePart = lastPart(own) === lastPart(wanted)
    const distance = isSamePart
      ? 0
      : Math.min(editDistance(wanted, own, bound), editDistance(wanted, lastPart(own), bound))
    if (distance <= bound) ranked.set(name, distance)
  }
  const sorted = [...ranked].sort(([a, far], [b, near]) => far - near || a.length - b.length || (a < b ? -1 : 1))
  return sorted.slice(0, MOST).map(([name]) => name)
}

const MOST = 5

/** Of two words, in letters put in, left out or replaced; `bound` + 1 where they are further apart. */
export function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    if (Math.min(...next) > bound) return bound + 1
    row = next
  }
  return Math.min(bound + 1, row[b.length] ?? 0)
}
