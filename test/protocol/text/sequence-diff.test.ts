import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PathSearch } from '../../../protocol/text/myers.js'
import { changesOf, diffSequences, type Marks } from '../../../protocol/text/sequence-diff.js'
import { slideChanges } from '../../../protocol/text/slide.js'

const PLENTY = 8_000_000

/** Length of a longest common subsequence, by the table: slow and plainly right. */
function longestCommon(a: readonly number[], b: readonly number[]): number {
  let row = new Array<number>(b.length + 1).fill(0)
  for (const x of a) {
    const next = [0]
    b.forEach((y, j) => next.push(x === y ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!)))
    row = next
  }
  return row[b.length]!
}

function keptOf(ids: readonly number[], marks: Uint8Array): number[] {
  return ids.filter((_, i) => marks[i] === 0)
}

function diffOf(a: readonly number[], b: readonly number[], steps = PLENTY): Marks {
  return diffSequences(Int32Array.from(a), Int32Array.from(b), Math.max(0, ...a, ...b) + 1, steps)
}

/** Numbers below `kinds`, in an order without pattern that is always the same. */
function noise(length: number, kinds: number, seed: number): number[] {
  return Array.from({ length }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 12) % kinds)
}

const sequence = fc.array(fc.nat(5), { maxLength: 30 })

describe('diffSequences', () => {
  it('keeps a longest common subsequence, where the sequences are near', () => {
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const marks = diffOf(a, b)
        const kept = keptOf(a, marks.a)
        expect(kept).toEqual(keptOf(b, marks.b))
        expect(kept).toHaveLength(longestCommon(a, b))
      }),
      { numRuns: 1000 },
    )
  })

  it('[MERGE-7] keeps a common subsequence with whatever budget, the common ends with none', () => {
    fc.assert(
      fc.property(sequence, sequence, fc.nat(40), (a, b, steps) => {
        const marks = diffOf([7, ...a, 8], [7, ...b, 8], steps)
        const kept = keptOf([7, ...a, 8], marks.a)
        expect(kept).toEqual(keptOf([7, ...b, 8], marks.b))
        expect(kept[0]).toBe(7)
        expect(kept.at(-1)).toBe(8)
      }),
    )
    const spent = diffOf([1, 2, 3, 4], [1, 3, 2, 4], 0)
    expect([...spent.a]).toEqual([0, 1, 1, 0])
    expect([...spent.b]).toEqual([0, 1, 1, 0])
  })

  it('[MERGE-7] far apart, holds to the elements that stand once on either side', () => {
    // Blocks of noise, different on either side but of the same elements, between elements that stand once.
    const withAnchors = (seed: number): number[] =>
      Array.from({ length: 200 }, (_, block) => [...noise(30, 4, seed + block * 30), 100 + block]).flat()
    const a = withAnchors(1)
    const marks = diffOf(a, withAnchors(99_991))
    const anchors = keptOf(a, marks.a).filter((id) => id >= 100)
    expect(anchors).toHaveLength(200)
  })
})

describe('PathSearch', () => {
  it('[MERGE-7] gives up at its distance, having moved on, and within the steps that takes', () => {
    const a = Int32Array.from(noise(5000, 3, 1))
    const b = Int32Array.from(noise(5000, 3, 77_777))
    const budget = { steps: PLENTY }
    const middle = new PathSearch(a, b, budget).middle(0, a.length, 0, b.length, 20)
    expect(middle.found).toBe(false)
    expect(middle.x + middle.y).toBeGreaterThanOrEqual(20)
    expect(PLENTY - budget.steps).toBeLessThanOrEqual(21 * 2 * 22)
  })
})

describe('slideChanges', () => {
  it('puts a run at the lowest of the places where it may stand', () => {
    const ids = Int32Array.from([1, 2, 3, 2, 4])
    const marks = Uint8Array.from([0, 1, 1, 0, 0])
    slideChanges(ids, marks, new Uint8Array(3))
    expect([...marks]).toEqual([0, 0, 1, 1, 0])
  })

  it('joins a run that it meets, and slides on with it', () => {
    const ids = Int32Array.from([1, 1, 2, 1, 2, 1, 3])
    const marks = Uint8Array.from([1, 0, 1, 0, 0, 0, 0])
    slideChanges(ids, marks, new Uint8Array(5))
    expect([...marks]).toEqual([0, 0, 0, 0, 1, 1, 0])
  })

  it('leaves a run alone that has changes opposite it', () => {
    const marks = Uint8Array.from([0, 1, 1, 0, 0])
    slideChanges(Int32Array.from([1, 2, 3, 2, 4]), marks, Uint8Array.from([0, 1, 0, 0]))
    expect([...marks]).toEqual([0, 1, 1, 0, 0])
  })

  it('never changes what is kept', () => {
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const marks = diffOf(a, b)
        const kept = keptOf(a, marks.a)
        slideChanges(Int32Array.from(a), marks.a, marks.b)
        slideChanges(Int32Array.from(b), marks.b, marks.a)
        expect(keptOf(a, marks.a)).toEqual(kept)
        expect(keptOf(b, marks.b)).toEqual(kept)
        let end = -1
        for (const { aFrom, aTo, bFrom, bTo } of changesOf(marks)) {
          expect(aFrom > end && aTo - aFrom + bTo - bFrom > 0).toBe(true)
          end = aTo
        }
      }),
    )
  })
})
