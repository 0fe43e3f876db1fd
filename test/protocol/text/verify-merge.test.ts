import { describe, expect, it } from 'vitest'
import { diff } from '../../../protocol/text/diff.js'
import { merge3, type MergeHunk, type MergeResult } from '../../../protocol/text/merge3.js'
import { isSoundMerge } from '../../../protocol/text/verify-merge.js'

const BASE = 'alpha\nbeta\ngamma\ndelta\nepsilon\nzeta\neta\n'
const OURS = 'ALPHA\nbeta\ngamma\ndelta\nepsilon\nours here\nzeta\nETA\n'
const THEIRS = 'aleph\nbeta\nGAMMA\ndelta\nepsilon\ntheirs here\nzeta\nETA\n'

const SOUND = merge3(BASE, OURS, THEIRS)

/** The merge with another text, and edits that lead there. */
const withText = (text: string): MergeResult => ({ ...SOUND, text, edits: diff(OURS, text) })
/** The merge with one kind of hunk changed. */
const withHunk = (kind: MergeHunk['kind'], change: Partial<MergeHunk>): MergeResult => ({
  ...SOUND,
  hunks: SOUND.hunks.map((hunk) => (hunk.kind === kind ? ({ ...hunk, ...change } as MergeHunk) : hunk)),
})

describe('isSoundMerge', () => {
  it('passes a merge that has one hunk of each kind', () => {
    expect(SOUND.hunks.map(({ kind }) => kind)).toEqual(['hard', 'theirs', 'soft', 'identical'])
    expect(isSoundMerge(BASE, OURS, THEIRS, SOUND)).toBe(true)
  })

  it.each([
    ['a hard region that is not ours', withText(SOUND.text.replace('ALPHA', 'aleph'))],
    ['a mixture in a hard region', withText(SOUND.text.replace('ALPHA\n', 'ALPHA\naleph\n'))],
    ['a hunk of theirs that is missing', withText(SOUND.text.replace('GAMMA', 'gamma'))],
    ['a change of an untouched line', withText(SOUND.text.replace('delta', 'DELTA'))],
    ['an identical change made twice', withText(SOUND.text.replace('ETA\n', 'ETA\nETA\n'))],
    ['an insertion that is missing', withText(SOUND.text.replace('theirs here\n', ''))],
    ['a line nobody wrote', withText(SOUND.text.replace('theirs here', 'nobodys here'))],
    ['an insertion that stands twice', withText(SOUND.text.replace('theirs here\n', 'theirs here\ntheirs here\n'))],
    ['edits that lead elsewhere', { ...SOUND, edits: diff(OURS, BASE) }],
    ['edits that do not fit ours', { ...SOUND, edits: [{ at: 0, removed: 'omega', added: '' }] }],
    ['no hunks', { ...SOUND, hunks: [] }],
    ['a hunk listed twice', { ...SOUND, hunks: [...SOUND.hunks, ...SOUND.hunks.slice(-1)] }],
    ['hunks out of order', { ...SOUND, hunks: SOUND.hunks.toReversed() }],
    ['a hunk that claims to be ours', withHunk('theirs', { kind: 'ours' })],
    ['a hunk that claims to be identical', withHunk('hard', { kind: 'identical' })],
    ['a soft hunk that lost what theirs inserted', withSoftText('ours here\n')],
    ['a soft hunk with a line twice', withSoftText('ours here\ntheirs here\ntheirs here\n')],
  ])('refuses %s', (_, result) => {
    expect(isSoundMerge(BASE, OURS, THEIRS, result)).toBe(false)
  })
})

/** The merge with another text in its soft hunk, and every place moved to fit. */
function withSoftText(text: string): MergeResult {
  const soft = SOUND.hunks.find(({ kind }) => kind === 'soft')
  if (soft === undefined) throw new Error('the merge has no soft hunk')
  const { from, to } = soft.text
  const shift = text.length - (to - from)
  const merged = SOUND.text.slice(0, from) + text + SOUND.text.slice(to)
  const hunks = SOUND.hunks.map((hunk) => {
    const moved = { ...hunk.text, from: hunk.text.from + (hunk.text.from >= to ? shift : 0) }
    return { ...hunk, text: { ...moved, to: hunk.text.to + (hunk.text.to >= to ? shift : 0) } }
  })
  return { ...SOUND, text: merged, edits: diff(OURS, merged), hunks }
}
