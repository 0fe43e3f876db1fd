/**
 * Between a file's bytes and its text.
 *
 * A text file is valid UTF-8 without NUL. A leading byte-order mark and uniform CRLF line ends are metadata; the text then
 * holds LF only, as editors expect. Mixed line ends stay in the text as they are. Everything else is bytes.
 *
 * Rule BRIDGE-13: encodeText(decodeText(bytes)) gives the same bytes, always.
 */

export type LineEnd = 'lf' | 'crlf'

export interface TextFormat {
  readonly bom: boolean
  /** `crlf`: every line end on disk is CRLF, the text holds LF. `lf`: the text stands on disk as it is. */
  readonly eol: LineEnd
}

export interface DecodedText extends TextFormat {
  readonly text: string
}

export const PLAIN_FORMAT: TextFormat = { bom: false, eol: 'lf' }

/** Larger files are kept as bytes: no merge, last writer wins with the other kept as a conflict. In bytes. */
export const MAX_TEXT_BYTES = 20 * 1024 * 1024

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const BOM = '\uFEFF'

/** The text of `bytes`, or undefined if they are not text. */
export function decodeText(bytes: Uint8Array): DecodedText | undefined {
  if (bytes.length > MAX_TEXT_BYTES || bytes.includes(0)) return undefined
  const raw = decodeUtf8(bytes)
  return raw === undefined ? undefined : splitFormat(raw)
}

/** The bytes of a text as they stand on disk. */
export function encodeText(text: string, format: TextFormat): Uint8Array {
  return encoder.encode(joinFormat(text, format))
}

/** A text as it stands on disk, decoded: its metadata and what is left. `joinFormat` undoes it. */
export function splitFormat(raw: string): DecodedText {
  const bom = raw.startsWith(BOM)
  const body = bom ? raw.slice(1) : raw
  const eol = isUniformCrlf(body) ? 'crlf' : 'lf'
  return { text: eol === 'crlf' ? body.replaceAll('\r\n', '\n') : body, bom, eol }
}

export function joinFormat(text: string, format: TextFormat): string {
  const body = format.eol === 'crlf' ? text.replace(/\r?\n/g, '\r\n') : text
  return format.bom ? BOM + body : body
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

function isUniformCrlf(text: string): boolean {
  return text.includes('\r\n') && !/\r(?!\n)|(?<!\r)\n/.test(text)
}
