/** Who types, with marks for words, and how marks are found again. */
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../protocol/document.js'
import { Peer, type Target } from './sync-wire.js'

/** Types at the end of a line of its own, word after word. */
export class Typist {
  readonly #content: Y.Text
  readonly #doc = new Y.Doc()
  readonly #peer: Peer
  #at: number
  #update: Uint8Array = new Uint8Array(0)

  /**
   * @param state of the document, encoded
   * @param where 0 to below 1: in its first line, or in a later one
   */
  constructor(peer: Peer, state: Uint8Array, where: number) {
    this.#peer = peer
    Y.applyUpdate(this.#doc, state)
    this.#content = this.#doc.getText(CONTENT_ROOT)
    const ends = [...this.#content.toJSON().matchAll(/\n/g)].map(({ index }) => index)
    this.#at = ends[Math.floor(where * ends.length)] ?? 0
    this.#doc.on('update', (update: Uint8Array) => {
      this.#update = update
    })
  }

  /** Gives a frame to be sent, after those before it. */
  type(word: string): Buffer {
    this.#content.insert(this.#at, word)
    this.#at += word.length
    return this.#peer.update(this.#update)
  }

  /** The same, but in the place of its last word, which was so long. */
  replace(length: number, word: string): Buffer {
    this.#doc.transact(() => {
      this.#content.delete(this.#at - length, length)
      this.#content.insert(this.#at - length, word)
    })
    this.#at += word.length - length
    return this.#peer.update(this.#update)
  }
}

/**
 * Joins, and where the document is empty lets `write` write first.
 * @returns the peer, and the state with what was written, encoded
 */
export async function joinSeeded(
  target: Target,
  document: string,
  write: (content: Y.Text) => void,
  onFrame: (payload: Buffer) => void = () => undefined,
): Promise<{ readonly peer: Peer; readonly state: Uint8Array }> {
  let echo: (() => void) | undefined
  const { peer, state } = await Peer.join({
    ...{ target, document },
    onFrame: (payload) => {
      onFrame(payload)
      if (echo !== undefined && peer.updateIn(payload) !== undefined) echo()
    },
  })
  const doc = new Y.Doc()
  Y.applyUpdate(doc, state)
  const content = doc.getText(CONTENT_ROOT)
  if (content.length > 0) return { peer, state }
  const echoed = new Promise<void>((resolve) => (echo = resolve))
  doc.transact(() => {
    write(content)
  })
  peer.socket.send(peer.update(Y.encodeStateAsUpdate(doc)))
  await echoed
  return { peer, state: Y.encodeStateAsUpdate(doc) }
}

/** For `joinSeeded`: the text, in one piece. */
export function inOnePiece(text: string): (content: Y.Text) => void {
  return (content) => {
    content.insert(0, text)
  }
}

/** For `joinSeeded`: the text as if it had been typed here and there, in pieces of so many characters. */
export function inPieces(text: string, length: number): (content: Y.Text) => void {
  return (content) => {
    for (let end = text.length; end > 0; end -= length) content.insert(0, text.slice(Math.max(0, end - length), end))
  }
}

const MARK = Buffer.from('@#')
const DIGITS = 7
/** In characters. */
export const MARK_LENGTH = MARK.length + DIGITS

export function mark(number: number): string {
  return `@#${String(number).padStart(DIGITS, '0')}`
}

/** Calls `hear` with the number of every mark; an id may happen to begin like one. */
export function marksIn(payload: Buffer, hear: (number: number) => void): void {
  for (let at = payload.indexOf(MARK); at !== -1; at = payload.indexOf(MARK, at)) {
    at += MARK.length
    const number = numberAt(payload, at)
    if (number !== undefined) hear(number)
  }
}

function numberAt(payload: Buffer, at: number): number | undefined {
  let number = 0
  for (let i = at; i < at + DIGITS; i++) {
    const digit = (payload[i] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return number
}
