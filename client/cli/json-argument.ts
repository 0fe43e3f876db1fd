/** JSON that someone typed: where it stops being JSON is shown. Engines tell that each in words of its own, or not at all. */
import { EnsembleError } from '../../protocol/errors.js'

const SPACE = /[ \t\n\r]*/y
const SCALAR =
  /"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
/** Characters that are shown on either side of a fault. */
const AROUND = 30

/** @param option as it was typed, `--data`. @throws EnsembleError E_USAGE */
export function jsonArgument(text: string, option: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const at = faultAt(text)
    const before = text.slice(Math.max(0, at - AROUND), at).replaceAll(/\s/g, ' ')
    const after = text.slice(at, at + AROUND).replaceAll(/\s/g, ' ')
    const what = at >= text.length ? 'ends too early' : `is no JSON from character ${at + 1} on`
    throw new EnsembleError('E_USAGE', `What ${option} was given ${what}.`, {
      hint: 'Names and texts stand in double quotes; for a shell the whole of it in single ones.',
      data: { at, details: [before + after, `${' '.repeat(before.length)}^`] },
      cause,
    })
  }
}

/** Where the first sign stands that no JSON goes on with. */
export function faultAt(text: string): number {
  const open: string[] = []
  let at = 0
  let wants: 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'rest' = 'value'
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    const control = found === null ? 0 : [...found[0]].findIndex((sign) => sign < ' ')
    if (pattern === SCALAR && control > 0) return false
    at += found?.[0].length ?? 0
    return found !== null
  }
  for (;;) {
    skip(SPACE)
    const sign = text[at]
    const inside = open.at(-1)
    if (wants === 'rest') {
      if (inside !== undefined && sign === ',') wants = inside === '{' ? 'key' : 'value'
      else if (inside !== undefined && sign === (inside === '{' ? '}' : ']')) open.pop()
      else return at
      at++
    } else if (wants === 'colon') {
      if (sign !== ':') return at
      at++
      wants = 'value'
    } else if (sign === (wants === 'key or end' ? '}' : wants === 'value or end' ? ']' : undefined)) {
      if (sign === undefined) return at
      open.pop()
      at++
      wants = 'rest'
    } else if (wants === 'key' || wants === 'key or end') {
      if (sign !== '"' || !skip(SCALAR)) return at
      wants = 'colon'
    } else if (sign === '{' || sign === '[') {
      open.push(sign)
      at++
      wants = sign === '{' ? 'key or end' : 'value or end'
    } else if (skip(SCALAR)) wants = 'rest'
    else return at
  }
}
