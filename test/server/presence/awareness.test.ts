import { describe, expect, test } from 'vitest'
import { Awareness } from '../../../server/presence/awareness.js'
import { awareness as update, decodeAwareness } from '../sync/raw.js'

const live = (awareness: Awareness<string>) => decodeAwareness(awareness.encodeLive())

describe('the awareness of a document', () => {
  test('[SYNC-9] a client id is its announcer’s until that connection ends', () => {
    const awareness = new Awareness<string>()
    expect(awareness.accept('a', update([1, 1, { of: 'a' }]))).toEqual([1])
    expect(awareness.accept('b', update([1, 9, { of: 'b' }], [2, 1, { of: 'b' }]))).toEqual([2])
    expect(awareness.accept('b', update([1, 9, null]))).toEqual([])
    expect(live(awareness)).toEqual([
      { id: 1, clock: 1, state: { of: 'a' } },
      { id: 2, clock: 1, state: { of: 'b' } },
    ])
    expect(awareness.leave('a')).toEqual([1])
    expect(awareness.accept('b', update([1, 2, { of: 'b' }]))).toEqual([1])
    expect(live(awareness)).toHaveLength(2)
  })

  test('an older or equal clock says nothing new; "gone" counts at the same clock', () => {
    const awareness = new Awareness<string>()
    awareness.accept('a', update([1, 5, { n: 1 }]))
    expect(awareness.accept('a', update([1, 4, { n: 2 }], [1, 5, { n: 3 }]))).toEqual([])
    expect(awareness.accept('a', update([1, 5, null]))).toEqual([1])
    expect(awareness.accept('a', update([1, 5, null]))).toEqual([])
  })

  test('[SYNC-9] a removal is told once to everybody, whoever was told of the live ones in between', () => {
    const awareness = new Awareness<string>()
    awareness.accept('a', update([1, 5, { n: 1 }]))
    awareness.leave('a')
    expect(live(awareness)).toEqual([])
    expect(decodeAwareness(awareness.encodeChanged([1]))).toEqual([{ id: 1, clock: 5, state: null }])
    expect(decodeAwareness(awareness.encodeChanged([1]))).toEqual([])
  })

  test('a client that was never there is not announced as gone', () => {
    const awareness = new Awareness<string>()
    expect(awareness.accept('a', update([1, 5, null]))).toEqual([])
    expect(awareness.leave('a')).toEqual([])
  })

  test('[SYNC-7] all states of a document together are bounded, and the ones that are there stay', () => {
    const awareness = new Awareness<string>()
    const long = 'x'.repeat(60_000)
    let told = 0
    const fill = (): void => {
      for (let id = 1; id <= 64 * 16; id++) {
        awareness.accept(`connection ${id % 16}`, update([id, 1, long]))
        told++
      }
    }
    expect(fill).toThrow(expect.objectContaining({ code: 'E_LIMIT' }))
    expect(awareness.encodeLive().length).toBeLessThan(9 * 1024 * 1024)
    expect(awareness.accept('connection 1', update([1, 2, `${long}!`]))).toEqual([1]) // another one in its place
    expect(awareness.accept('short', update([2_000, 1, 'short']))).toEqual([2_000])
    expect(awareness.live.size).toBe(told + 1)
  })

  test('[SYNC-7] states, their depth and the ids of one connection are bounded', () => {
    const awareness = new Awareness<string>()
    const many = Array.from({ length: 65 }, (_, id) => [id, 1, {}] as const)
    expect(() => awareness.accept('a', update(...many))).toThrow(expect.objectContaining({ code: 'E_LIMIT' }))
    const large = update([1, 1, 'x'.repeat(70_000)])
    expect(() => awareness.accept('b', large)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
    const crowd = Array.from({ length: 4_097 }, () => [1, 1, {}] as const) // refused before any of it is read
    expect(() => awareness.accept('b', update(...crowd))).toThrow(expect.objectContaining({ code: 'E_LIMIT' }))
    const flood = update(...Array.from({ length: 100 }, (_, id) => [id, 1, 'x'.repeat(60_000)] as const))
    expect(() => awareness.accept('b', flood)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
    expect(live(awareness).filter(({ id }) => id >= 65)).toEqual([])
    let deep: unknown = 1
    for (let n = 0; n < 40; n++) deep = { deep }
    expect(() => awareness.accept('b', update([1, 1, deep]))).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
    expect(() => awareness.accept('b', new Uint8Array([1, 1, 1, 1, 123]))).toThrow(
      expect.objectContaining({ code: 'E_BAD_FRAME' }),
    )
  })
})
