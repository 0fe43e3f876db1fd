import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText, encodeText, MAX_TEXT_BYTES } from '../../protocol/text/encoding.js'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes that are likely to be text with every oddity, or nearly. */
const nearlyText = fc
  .array(
    fc.oneof(
      fc.constantFrom('\r\n', '\n', '\r', '\ufeff', '\0', 'a', 'é', '🙂', '👩‍💻', ''),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => utf8(pieces.join('')))

describe('a file as text', () => {
  it.each([
    ['', '', false, 'lf'],
    ['a\nb\n', 'a\nb\n', false, 'lf'],
    ['a\r\nb\r\n', 'a\nb\n', false, 'crlf'],
    ['a\r\nb', 'a\nb', false, 'crlf'],
    ['\ufeffa\n', 'a\n', true, 'lf'],
    ['\ufeff\ufeffa', '\ufeffa', true, 'lf'],
    ['\ufeff', '', true, 'lf'],
    ['\ufeffa\r\n', 'a\n', true, 'crlf'],
    ['a\r\nb\n', 'a\r\nb\n', false, 'lf'],
    ['a\rb\r\n', 'a\rb\r\n', false, 'lf'],
    ['a\r\r\n', 'a\r\r\n', false, 'lf'],
    ['\r', '\r', false, 'lf'],
    ['a\ufeffb', 'a\ufeffb', false, 'lf'],
  ] as const)('[BRIDGE-13] %j holds the text %j', (disk, text, bom, eol) => {
    expect(decodeText(utf8(disk))).toEqual({ text, bom, eol })
  })

  it.each([
    ['Latin-1', Uint8Array.from([0x63, 0x61, 0x66, 0xe9])],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x61, 0x00])],
    ['a NUL', utf8('a\0b')],
    ['an encoded surrogate', Uint8Array.from([0xed, 0xa0, 0x80])],
    ['an overlong form', Uint8Array.from([0xc0, 0xaf])],
    ['UTF-8 cut short', Uint8Array.from([0xf0, 0x9f, 0x99])],
    ['more than 20 MB', new Uint8Array(MAX_TEXT_BYTES + 1).fill(0x61)],
  ])('[BRIDGE-13] %s is no text', (_what, bytes) => {
    expect(decodeText(bytes)).toBeUndefined()
  })

  it('[BRIDGE-13] any bytes come back as they were', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyText, fc.uint8Array()), (bytes) => {
        const decoded = decodeText(bytes)
        if (decoded === undefined) return
        expect(Buffer.compare(encodeText(decoded.text, decoded), bytes)).toBe(0)
      }),
      { numRuns: 2000 },
    )
  })

  it('[BRIDGE-13] a text edited while its line ends are CRLF is written with CRLF alone', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n', '🙂')), (pieces) => {
        const disk = Buffer.from(encodeText(pieces.join(''), { bom: false, eol: 'crlf' })).toString()
        expect(disk.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      }),
    )
  })
})
