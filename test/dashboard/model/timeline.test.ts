import { describe, expect, test } from 'vitest'
import { joinEntries, revAt, stepFrom, ticksOf } from '../../../dashboard/model/timeline.js'
import { historyEntry } from '../../../protocol/history.js'
import { NOON } from '../builders.js'

const entry = (rev: number, time: number) =>
  historyEntry.parse({
    ...{ rev, author: 'CLAUDE-a', time: NOON + time, change: 'modified', writeId: null, path: 'a.ts', seq: rev },
    ...{
      hash: 'a'.repeat(64),
      kind: 'text',
      executable: false,
      bom: false,
      eol: 'lf',
      lines: { added: 2, removed: 1 },
    },
  })
const entries = [entry(1, 0), entry(2, 50), entry(3, 80)]
const ticks = ticksOf(entries, NOON + 100)

describe('the history of a file', () => {
  test('is joined from pages in any order, each revision once', () => {
    const [one, two, three] = entries
    expect(joinEntries([three!, two!], [two!, one!]).map(({ rev }) => rev)).toEqual([1, 2, 3])
  })

  test('stands on a line from its first revision until now', () => {
    expect(ticks.map(({ x, size }) => [x, size])).toEqual([
      [0, 3],
      [0.5, 3],
      [0.8, 3],
    ])
    expect(ticksOf([], NOON)).toEqual([])
  })

  test('is at every place what stood then, and live at the end', () => {
    expect([0, 0.49, 0.5, 0.99, 1].map((x) => revAt(ticks, x))).toEqual([1, 1, 2, 3, null])
    expect(revAt([], 0.5)).toBeNull()
  })

  test('is walked revision by revision: the newest is the live one', () => {
    expect([stepFrom(ticks, null, -1), stepFrom(ticks, 2, -1), stepFrom(ticks, 1, -1)]).toEqual([2, 1, 1])
    expect([stepFrom(ticks, 1, 1), stepFrom(ticks, 2, 1), stepFrom(ticks, null, 1)]).toEqual([2, null, null])
    expect(stepFrom([], null, -1)).toBeNull()
  })
})
