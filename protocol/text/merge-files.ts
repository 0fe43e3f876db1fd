/**
 * Three-way merge of texts as they stand in files: with byte-order marks, and with any line ends.
 *
 * A byte-order mark and uniform line ends get in the way of no line; what one side made of them, the result has. Where one
 * of the three mixes line ends, all are compared as they stand.
 */
import { joinFormat, splitFormat, type TextFormat } from './encoding.js'
import { merge3, type MergeOptions, type MergeResult } from './merge3.js'

export interface FileTexts {
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

export interface FileMerge extends MergeResult {
  /** `text` as it goes into a file, or any text made of it. */
  readonly toFile: (text: string) => string
}

type LineEnds = 'lf' | 'crlf' | 'mixed' | 'none'

/** Hunks count in texts without byte-order mark, whose line ends, where none mixes them, are LF: as `text` is. */
export function mergeFiles(texts: FileTexts, options: MergeOptions = {}): FileMerge {
  const split = { base: splitFormat(texts.base), ours: splitFormat(texts.ours), theirs: splitFormat(texts.theirs) }
  const ends = { base: lineEndsOf(texts.base), ours: lineEndsOf(texts.ours), theirs: lineEndsOf(texts.theirs) }
  const isMixed = Object.values(ends).includes('mixed')
  const read = (side: keyof FileTexts): string =>
    isMixed ? texts[side].slice(split[side].bom ? 1 : 0) : split[side].text
  const merge = merge3(read('base'), read('ours'), read('theirs'), options)
  const format: TextFormat = {
    bom: oneWay(split.base.bom, split.ours.bom, split.theirs.bom),
    eol: !isMixed && mergedEnds(ends) === 'crlf' ? 'crlf' : 'lf',
  }
  return { ...merge, toFile: (text) => joinFormat(text, format) }
}

/** A side without any line end has none to say. */
function mergedEnds({ base, ours, theirs }: Readonly<Record<keyof FileTexts, LineEnds>>): LineEnds {
  return oneWay(base, ours === 'none' ? base : ours, theirs === 'none' ? base : theirs)
}

/** What one side, or both alike, made of the base's. */
function oneWay<T>(base: T, ours: T, theirs: T): T {
  return ours === base ? theirs : ours
}

function lineEndsOf(text: string): LineEnds {
  if (!text.includes('\r')) return text.includes('\n') ? 'lf' : 'none'
  return splitFormat(text).eol === 'crlf' ? 'crlf' : 'mixed'
}
