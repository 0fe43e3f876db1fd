import { describe, expect, test } from 'vitest'
import { Admission } from '../../../server/documents/admission.js'
import { turn } from '../../support/manual-clock.js'

/** Goes in with so many bytes, and stays until it is told to leave. */
function visitor(admission: Admission, bytes: number, inside: Set<number>) {
  let leave: () => void = () => undefined
  const stay = new Promise<void>((resolve) => (leave = resolve))
  const visit = admission.within(bytes, async () => {
    inside.add(bytes)
    await stay
    inside.delete(bytes)
  })
  return { visit, leave }
}

describe('the door for writes', () => {
  test('lets in what there is room for, in the order of asking', async () => {
    const admission = new Admission(100)
    const inside = new Set<number>()
    const [a, , c] = [60, 50, 30].map((bytes) => visitor(admission, bytes, inside))
    await turn()
    expect([...inside]).toEqual([60]) // 30 would fit, and waits for its turn
    a?.leave()
    await turn()
    expect([...inside]).toEqual([50, 30])
    c?.leave()
    await c?.visit
    expect([...inside]).toEqual([50])
  })

  test('lets in alone what is larger than all the room', async () => {
    const admission = new Admission(100)
    const inside = new Set<number>()
    const [a, b, c] = [10, 500, 20].map((bytes) => visitor(admission, bytes, inside))
    await turn()
    expect([...inside]).toEqual([10])
    a?.leave()
    await turn()
    expect([...inside]).toEqual([500])
    b?.leave()
    await turn()
    expect([...inside]).toEqual([20])
    c?.leave()
  })

  test('is left also by what fails', async () => {
    const admission = new Admission(100)
    await expect(admission.within(100, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await admission.within(100, () => Promise.resolve('in'))).toBe('in')
  })

  test('turns away whoever waits, and nobody who is in', async () => {
    const admission = new Admission(100)
    const inside = new Set<number>()
    const [a, b] = [80, 70].map((bytes) => visitor(admission, bytes, inside))
    await turn()
    const refused = expect(b?.visit).rejects.toThrow('full')
    admission.refuse(new Error('full'))
    await refused
    expect([...inside]).toEqual([80])
    a?.leave()
    await a?.visit
    expect(await admission.within(100, () => Promise.resolve('in'))).toBe('in')
  })
})
