/**
 * Globs over workspace paths: `*` and `?` within a segment, `**` for any number of segments, `{a,b}` for either. One without
 * any of these names a file, or a folder with all that is in it.
 *
 * Matching takes time in proportion to glob × path at most, whatever was written: it goes back to the last star only.
 */
const MAX_LENGTH = 1024
/** `{a,b}{c,d}` are four: so many at most. */
const MAX_ALTERNATIVES = 64

/** Why `glob` is none, or undefined if it is one. */
export function globFault(glob: string): string | undefined {
  if (glob === '') return 'it is empty'
  if (glob.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`
  if (glob.startsWith('/')) return 'it begins with "/": paths are relative to the workspace'
  if (glob.includes('\\')) return 'it holds a back-slash: segments are joined by "/"'
  if (glob.split('/').some((segment) => segment === '.' || segment === '..')) return 'it has a segment "." or ".."'
  const alternatives = expand(glob)
  if (alternatives === undefined) return 'its braces do not pair up'
  if (alternatives.length > MAX_ALTERNATIVES) return `its braces make more than ${MAX_ALTERNATIVES} globs`
  return undefined
}

/** @param glob one that `globFault` finds nothing wrong with */
export function compileGlob(glob: string): (path: string) => boolean {
  const alternatives = (expand(glob) ?? []).map((alternative) => segmentsOf(alternative))
  return (path) => {
    const segments = path.split('/')
    return alternatives.some((pattern) => matchesAll(pattern, segments, matchesSegment, (part) => part === '**'))
  }
}

function segmentsOf(glob: string): readonly string[] {
  const segments = glob.split('/').filter((segment) => segment !== '')
  return /[*?]/.test(glob) ? segments : [...segments, '**']
}

/** All globs without braces that it stands for; more than the limit are not made. */
function expand(glob: string): string[] | undefined {
  const open = glob.indexOf('{')
  if (open === -1) return glob.includes('}') ? undefined : [glob]
  if (glob.slice(0, open).includes('}')) return undefined
  const parts: string[] = []
  let depth = 0
  let from = open + 1
  for (let at = open; at < glob.length; at++) {
    if (glob[at] === '{') depth++
    if (glob[at] === '}') depth--
    if ((depth === 1 && glob[at] === ',') || depth === 0) {
      parts.push(glob.slice(from, at))
      from = at + 1
    }
    if (depth > 0) continue
    const all: string[] = []
    for (const part of parts) {
      const expanded = expand(glob.slice(0, open) + part + glob.slice(at + 1))
      if (expanded === undefined) return undefined
      all.push(...expanded)
      if (all.length > MAX_ALTERNATIVES) break
    }
    return all
  }
  return undefined
}

/** The parts of a pattern against parts, one each; a star takes any number of them. */
function matchesAll<T>(
  pattern: ArrayLike<T>,
  parts: ArrayLike<T>,
  matches: (one: T, part: T) => boolean,
  isStar: (one: T) => boolean,
): boolean {
  let p = 0
  let at = 0
  let star = -1
  let retry = 0
  while (at < parts.length) {
    const one = pattern[p]
    const part = parts[at]
    if (one !== undefined && isStar(one)) {
      star = p++
      retry = at
    } else if (one !== undefined && part !== undefined && matches(one, part)) {
      p++
      at++
    } else if (star >= 0) {
      p = star + 1
      at = ++retry
    } else return false
  }
  while (p < pattern.length) {
    const one = pattern[p++]
    if (one === undefined || !isStar(one)) return false
  }
  return true
}

function matchesSegment(pattern: string, segment: string): boolean {
  return matchesAll(
    pattern,
    segment,
    (one, part) => one === '?' || one === part,
    (one) => one === '*',
  )
}
