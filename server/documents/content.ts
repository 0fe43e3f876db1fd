/** A file's content inside the server, and its form on the wire and on disk. */
import { createHash } from 'node:crypto'
import type { FileContent, FileHead, KeptContent } from '../../protocol/files.js'
import { contentHash, type ContentHash } from '../../protocol/ids.js'
import type { Edits } from '../../protocol/text/edits.js'
import { encodeText, MAX_TEXT_BYTES, PLAIN_FORMAT, type TextFormat } from '../../protocol/text/encoding.js'

export type TextContent = { readonly kind: 'text'; readonly text: string } & TextFormat
export type Content = TextContent | { readonly kind: 'binary'; readonly bytes: Uint8Array }

export function bytesOf(content: Content): Uint8Array {
  return content.kind === 'binary' ? content.bytes : encodeText(content.text, content)
}

export function hashOf(bytes: Uint8Array): ContentHash {
  return contentHash.parse(createHash('sha256').update(bytes).digest('hex'))
}

/**
 * What a writer calls text is kept as text only if its bytes would be read as text again: else a document, its peers and
 * the disk would hold three versions of it.
 */
export function fromWire(content: FileContent): Content {
  if (content.kind === 'binary') return { kind: 'binary', bytes: new Uint8Array(Buffer.from(content.base64, 'base64')) }
  // Half a surrogate pair has no bytes of its own; on disk, and with every Yjs peer, it is U+FFFD.
  const text: TextContent = { ...content, text: content.text.toWellFormed() }
  const bytes = encodeText(text.text, text)
  return bytes.length > MAX_TEXT_BYTES || bytes.includes(0) ? { kind: 'binary', bytes } : text
}

export function toWire(content: Content): FileContent {
  if (content.kind === 'binary') return { kind: 'binary', base64: Buffer.from(content.bytes).toString('base64') }
  return { kind: 'text', text: content.text, bom: content.bom, eol: content.eol }
}

/** Bytes that may be large are kept once, under their hash. */
export function toKept(content: Content): KeptContent {
  if (content.kind === 'binary') return { kind: 'blob', hash: hashOf(content.bytes), size: content.bytes.length }
  return { kind: 'text', text: content.text, bom: content.bom, eol: content.eol }
}

export function sameContent(a: Content, b: Content): boolean {
  if (a.kind === 'text' && b.kind === 'text') return a.text === b.text && a.bom === b.bom && a.eol === b.eol
  return a.kind === 'binary' && b.kind === 'binary' && Buffer.compare(a.bytes, b.bytes) === 0
}

/** What a head says of a content besides its hash. */
export function formOf(content: Content): Pick<FileHead, 'kind' | 'bom' | 'eol'> {
  return content.kind === 'text'
    ? { kind: 'text', bom: content.bom, eol: content.eol }
    : { kind: 'binary', ...PLAIN_FORMAT }
}

/** The edits that make a text of nothing. */
export function wholeText(text: string): Edits {
  return text === '' ? [] : [{ at: 0, removed: '', added: text }]
}
