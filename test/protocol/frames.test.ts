import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EnsembleError } from '../../protocol/errors.js'
import { FrameDecoder, FrameEncoder, MAX_PART_BYTES, type Frame } from '../../protocol/frames.js'

const LIMIT = 4 * 1024 * 1024
const utf8 = new TextEncoder()

const message = (json: string): Frame => ({ kind: 'message', json })
const document = (number: number, payload: Uint8Array): Frame => ({ kind: 'document', number, payload })
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const filled = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)

/** One part: the head that SPEC.md describes, and its bytes. */
function part(stream: number, kind: number, last: number, content: Uint8Array): Uint8Array {
  expect(stream).toBeLessThan(128) // a varuint of one byte
  return Uint8Array.from([1, stream, kind, last, ...content])
}

function decodeAll(payloads: readonly (string | Uint8Array)[], decoder = new FrameDecoder(LIMIT)): Frame[] {
  return payloads.map((payload) => decoder.decode(payload)).filter((frame) => frame !== undefined)
}

/** A frame as one string: compares megabytes at once. */
function flat(frame: Frame): string {
  if (frame.kind === 'message') return frame.json
  return `${frame.number}:${Buffer.from(frame.payload).toString('latin1')}`
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EnsembleError)
    return (thrown as EnsembleError).code
  }
  return 'none'
}

describe('frames', () => {
  it('[FRAME-1] are laid out byte by byte as SPEC.md says', () => {
    const encoder = new FrameEncoder()
    expect(encoder.encode(message('{"a":1}'))).toEqual(['{"a":1}'])
    expect(encoder.encode(document(5, bytes(9, 8)))).toEqual([bytes(0, 5, 9, 8)])
    expect(encoder.encode(document(300, bytes(9)))).toEqual([bytes(0, 0xac, 0x02, 9)])
    const [first, second] = encoder.encode(document(5, filled(MAX_PART_BYTES)))
    expect((first as Uint8Array).subarray(0, 6)).toEqual(bytes(1, 0, 1, 0, 5, 7))
    expect(second).toEqual(bytes(1, 0, 1, 1, 7))
    const [json] = encoder.encode(message('x'.repeat(MAX_PART_BYTES + 1)))
    expect((json as Uint8Array).subarray(0, 5)).toEqual(bytes(1, 1, 0, 0, 0x78))
  })

  it('[FRAME-1] come out as they went in', () => {
    const frame = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => message(JSON.stringify(text))),
      fc.tuple(fc.nat(), fc.uint8Array()).map(([number, payload]) => document(number, payload)),
      fc.integer({ min: -2, max: 2 }).map((n) => message('é'.repeat(MAX_PART_BYTES + n))),
      fc.integer({ min: -4, max: 4 }).map((n) => document(1, filled(2 * MAX_PART_BYTES + n))),
    )
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), (frames) => {
        const encoder = new FrameEncoder()
        const found = decodeAll(frames.flatMap((one) => encoder.encode(one)))
        expect(found.map(flat).join() === frames.map(flat).join()).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('[FRAME-2] longer than 262,144 bytes are cut, and others pass between the parts', () => {
    const encoder = new FrameEncoder()
    const long = [message('a'.repeat(700_000)), document(3, filled(600_000)), message('ü'.repeat(200_000))]
    const queues: (string | Uint8Array)[][] = long.map((frame) => encoder.encode(frame))
    expect(queues.map((parts) => parts.length)).toEqual([3, 3, 2])
    for (const payload of queues.flat()) expect(payload.length).toBeLessThan(MAX_PART_BYTES + 16)
    queues.push([...encoder.encode(message('"short"')), ...encoder.encode(document(9, bytes(1)))])
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (choices) => {
        const left = queues.map((parts) => [...parts])
        const mixed: (string | Uint8Array)[] = []
        for (const choice of choices) {
          const open = left.filter((parts) => parts.length > 0)
          const next = open[choice % open.length]?.shift()
          if (next === undefined) break
          mixed.push(next)
        }
        const found = decodeAll(mixed)
        expect(found).toHaveLength(5)
        for (const frame of long) expect(found.some((one) => flat(one) === flat(frame))).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  it('[FRAME-2] only the last part of a stream is short', () => {
    const decoder = new FrameDecoder(LIMIT)
    expect(refusal(() => decoder.decode(part(1, 0, 0, bytes(0x22))))).toBe('E_BAD_FRAME')
    expect(refusal(() => new FrameDecoder(LIMIT).decode(part(1, 0, 0, bytes())))).toBe('E_BAD_FRAME')
    expect(new FrameDecoder(LIMIT).decode(part(1, 0, 1, bytes(0x22, 0x22)))).toEqual(message('""'))
  })

  it('[FRAME-2] a part keeps to the kind of its stream', () => {
    const decoder = new FrameDecoder(LIMIT)
    decoder.decode(part(1, 0, 0, filled(MAX_PART_BYTES)))
    expect(refusal(() => decoder.decode(part(1, 1, 1, bytes(1))))).toBe('E_BAD_FRAME')
  })

  it('[FRAME-3] hold no more than the limit, in one frame or in all streams together', () => {
    expect(refusal(() => new FrameDecoder(1000).decode('x'.repeat(1001)))).toBe('E_TOO_LARGE')
    expect(refusal(() => new FrameDecoder(1000).decode(bytes(0, 1, ...filled(999))))).toBe('E_TOO_LARGE')
    const decoder = new FrameDecoder(2 * MAX_PART_BYTES)
    decoder.decode(part(1, 0, 0, filled(MAX_PART_BYTES)))
    decoder.decode(part(2, 1, 0, filled(MAX_PART_BYTES)))
    expect(refusal(() => decoder.decode(part(3, 1, 1, bytes(1))))).toBe('E_TOO_LARGE')
  })

  it('[FRAME-3] a stream that ended frees its room and its number', () => {
    const decoder = new FrameDecoder(2 * MAX_PART_BYTES)
    for (let round = 0; round < 5; round++) {
      expect(decoder.decode(part(1, 0, 0, filled(MAX_PART_BYTES, 0x61)))).toBeUndefined()
      expect(decoder.decode(part(1, 0, 1, bytes(0x62)))).toEqual(message(`${'a'.repeat(MAX_PART_BYTES)}b`))
    }
  })

  it('[FRAME-3] leave at most 16 streams open', () => {
    const decoder = new FrameDecoder(64 * 1024 * 1024)
    for (let stream = 0; stream < 16; stream++) decoder.decode(part(stream, 1, 0, filled(MAX_PART_BYTES)))
    expect(refusal(() => decoder.decode(part(16, 1, 0, filled(MAX_PART_BYTES))))).toBe('E_BAD_FRAME')
  })

  it.each([
    ['nothing', bytes()],
    ['an unknown kind', bytes(2, 1)],
    ['a document without number', bytes(0)],
    ['a number that does not end', bytes(0, 0xff, 0xff)],
    ['a number over 2^53', bytes(0, ...filled(9, 0xff), 1)],
    ['a part without head', bytes(1, 1)],
    ['a part of an unknown kind', part(1, 2, 1, bytes())],
    ['a part that is neither last nor not', part(1, 0, 2, bytes())],
    ['a document in parts without number', part(1, 1, 1, bytes())],
    ['a message in parts that is not UTF-8', part(1, 0, 1, bytes(0xff))],
  ])('[FRAME-4] %s is refused as a bad frame', (_what, payload) => {
    expect(refusal(() => new FrameDecoder(LIMIT).decode(payload))).toBe('E_BAD_FRAME')
  })

  it('[FRAME-4] arbitrary bytes decode, or are refused with a code of the table', () => {
    const head = fc.constantFrom(bytes(), bytes(0), bytes(1), bytes(1, 1, 0), bytes(1, 1, 1, 1))
    const payload = fc
      .tuple(head, fc.uint8Array({ maxLength: 40 }))
      .map((pieces) => bytes(...pieces.flatMap((p) => [...p])))
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), (payloads) => {
        const decoder = new FrameDecoder(100)
        for (const one of payloads)
          expect(['none', 'E_BAD_FRAME', 'E_TOO_LARGE']).toContain(refusal(() => decoder.decode(one)))
      }),
      { numRuns: 1000 },
    )
  })

  it('[FRAME-4] cut short anywhere, or with any byte changed, never ends in anything but a code', () => {
    const whole = new FrameEncoder().encode(document(300, utf8.encode('some text')))[0] as Uint8Array
    for (let at = 0; at < whole.length; at++) {
      expect(['none', 'E_BAD_FRAME']).toContain(refusal(() => new FrameDecoder(LIMIT).decode(whole.subarray(0, at))))
      const changed = whole.slice()
      changed[at] = 0xff
      expect(['none', 'E_BAD_FRAME']).toContain(refusal(() => new FrameDecoder(LIMIT).decode(changed)))
    }
  })
})
