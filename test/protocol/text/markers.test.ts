import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withFavour, withMarkers } from '../../../protocol/text/markers.js'
import { merge3 } from '../../../protocol/text/merge3.js'
import { threeTexts } from './arbitraries.js'

const LABELS = { ours: 'o', base: 'b', theirs: 't' }

describe('a merge as one text', () => {
  const merge = merge3('a\nbb\nc\nd\nee\n', 'a\nX1\nc\nd\nX2\nS1\n', 'a\nY1\nc\nd\nY2\nS1\n')

  it('has each conflict between markers of the size that is asked for, without labels if they are empty', () => {
    expect(withMarkers(merge, { size: 3, labels: { ...LABELS, base: '' }, style: 'zdiff3' })).toBe(
      'a\n<<< o\nX1\n|||\nbb\n===\nY1\n>>> t\nc\nd\n<<< o\nX2\n|||\nee\n===\nY2\n>>> t\nS1\n',
    )
  })

  it('has each conflict decided for one side, or for both', () => {
    expect(withFavour(merge, 'ours')).toBe('a\nX1\nc\nd\nX2\nS1\n')
    expect(withFavour(merge, 'theirs')).toBe('a\nY1\nc\nd\nY2\nS1\n')
    expect(withFavour(merge, 'union')).toBe('a\nX1\nY1\nc\nd\nX2\nY2\nS1\n')
  })

  it('is the merged text where ours is preferred or nothing is in conflict, and has a line of its own for each marker', () => {
    fc.assert(
      fc.property(threeTexts, ({ base, ours, theirs }) => {
        const result = merge3(base, ours, theirs)
        expect(withFavour(result, 'ours')).toBe(result.text)
        const lines = withMarkers(result, { labels: LABELS }).split(/\r\n|[\r\n]/)
        for (const marker of ['<<<<<<< o', '=======', '>>>>>>> t']) {
          expect(lines.filter((line) => line === marker)).toHaveLength(result.conflicts)
        }
        if (result.conflicts === 0) expect(withMarkers(result, { labels: LABELS })).toBe(result.text)
      }),
      { numRuns: 1000 },
    )
  })
})
