/** The hash of a content, without the platform: a page that is no secure context has none of its own. */
import { digest } from 'lib0/hash/sha256'
import { toHexString } from 'lib0/buffer'
import type { FileContent } from '../../protocol/files.js'
import type { ContentHash } from '../../protocol/ids.js'
import { encodeText } from '../../protocol/text/encoding.js'
import { trusted } from './trusted.js'

/** Of the bytes on disk. */
export function hashOf(content: FileContent): ContentHash {
  const bytes = content.kind === 'text' ? encodeText(content.text, content) : fromBase64(content.base64)
  return trusted<ContentHash>(toHexString(digest(bytes)))
}

export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0))
}

export function toBase64(bytes: Uint8Array): string {
  let units = ''
  for (let at = 0; at < bytes.length; at += CHUNK) units += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(units)
}

/** As many arguments as any platform takes. */
const CHUNK = 8192
