/**
 * What the server has: the newest head of every path, and the way to its content.
 *
 * A head that comes by the feed carries its edits; they are kept, within bounds, until the head is on disk, so that a
 * content need not be fetched that can be made. Whatever is made is checked by its hash.
 */
import type { ContentHash, FileId } from '../../protocol/ids.js'
import type { FileHead } from '../../protocol/files.js'
import { LivePaths } from '../../protocol/live-paths.js'
import { applyEdits, EditsError, type Edits } from '../../protocol/text/edits.js'
import { decodeText, encodeText } from '../../protocol/text/encoding.js'
import { hashOf } from './reader.js'

/** Of edits kept for one path; beyond them the content is fetched. */
const MAX_STEPS = 64
const MAX_CHARACTERS = 256 * 1024

interface Chain {
  /** The version that the first step starts from: a revision, or a content that the server never had as a head. */
  readonly from: { readonly rev: number } | { readonly hash: ContentHash }
  readonly steps: { readonly rev: number; readonly edits: Edits }[]
  characters: number
}

export class Heads {
  readonly #heads = new Map<string, FileHead>()
  readonly #files = new Map<FileId, FileHead>()
  readonly #live = new LivePaths()
  readonly #chains = new Map<string, Chain>()

  get(path: string): FileHead | undefined {
    return this.#heads.get(path)
  }

  /** The newest head of a file, wherever it is. */
  ofFile(id: FileId): FileHead | undefined {
    return this.#files.get(id)
  }

  /** A file on the server without whose end none can be at `path`: one above it, or one below it. */
  inTheWayOf(path: string): string | undefined {
    const above = this.#live.fileAbove(path)
    if (above !== undefined || !this.#live.isFolder(path)) return above
    for (const [other, { deleted }] of this.#heads) if (!deleted && other.startsWith(`${path}/`)) return other
    return undefined
  }

  paths(): Iterable<string> {
    return this.#heads.keys()
  }

  /** Of another store: nothing of it counts. */
  clear(): void {
    this.#heads.clear()
    this.#files.clear()
    this.#live.clear()
    this.#chains.clear()
  }

  /** From the tree. False if a newer one is known. */
  learn(head: FileHead): boolean {
    const known = this.#heads.get(head.path)
    if (!this.#set(head)) return false
    if (known !== undefined) this.#chains.delete(head.path)
    return true
  }

  /** From the feed, with the edits that lead to it from the revision before. */
  follow(head: FileHead, edits: Edits | null): boolean {
    if (!this.#set(head)) return false
    this.#append(head, edits)
    return true
  }

  /** From the reply to a write: `edits` lead from the text as written to the head's. */
  merged(head: FileHead, written: ContentHash, edits: Edits | null): void {
    const known = this.#heads.get(head.path)
    if (!this.#set(head) && known?.seq !== head.seq) return
    if (edits === null || head.hash === written) this.#chains.delete(head.path)
    else this.#chains.set(head.path, newChain({ hash: written }, head.rev, edits))
  }

  hasEdits(path: string): boolean {
    return this.#chains.has(path)
  }

  /** The head is on disk, or will be fetched. */
  dropEdits(path: string): void {
    this.#chains.delete(path)
  }

  /** The head's bytes, made of a version that is at hand; undefined if they have to be fetched. */
  make(
    head: FileHead,
    from: { readonly rev: number; readonly hash: string },
    bytes: Uint8Array,
  ): Uint8Array | undefined {
    const chain = this.#chains.get(head.path)
    if (chain === undefined || head.kind !== 'text') return undefined
    const steps = stepsFrom(chain, from)
    const decoded = steps === undefined ? undefined : decodeText(bytes)
    if (steps === undefined || decoded === undefined) return undefined
    try {
      let text = decoded.text
      for (const { edits } of steps) text = applyEdits(text, edits)
      const made = encodeText(text, head)
      return hashOf(made) === head.hash ? made : undefined
    } catch (thrown) {
      if (thrown instanceof EditsError) return undefined // they belong to another text: fetch it
      throw thrown
    }
  }

  /** False if a newer one is known, of the file or of another one at its path. */
  #set(head: FileHead): boolean {
    const { id, path, seq, deleted } = head
    const before = this.#files.get(id)
    const there = this.#heads.get(path)
    if ((before?.seq ?? 0) >= seq) return false
    this.#files.set(id, head)
    if (before !== undefined && before.path !== path && this.#heads.get(before.path)?.id === id) {
      this.#heads.delete(before.path)
      this.#chains.delete(before.path)
      this.#live.delete(before.path)
    }
    if (there !== undefined && there.seq > seq) return false
    if (there !== undefined && there.id !== id) this.#chains.delete(path)
    this.#heads.set(path, head)
    if (deleted) this.#live.delete(path)
    else this.#live.add(path)
    return true
  }

  #append(head: FileHead, edits: Edits | null): void {
    const chain = this.#chains.get(head.path)
    if (edits === null || head.deleted) {
      this.#chains.delete(head.path)
      return
    }
    if (chain?.steps.at(-1)?.rev !== head.rev - 1) {
      this.#chains.set(head.path, newChain({ rev: head.rev - 1 }, head.rev, edits))
      return
    }
    chain.steps.push({ rev: head.rev, edits })
    chain.characters += charactersOf(edits)
    if (chain.steps.length > MAX_STEPS || chain.characters > MAX_CHARACTERS) this.#chains.delete(head.path)
  }
}

function newChain(from: Chain['from'], rev: number, edits: Edits): Chain {
  return { from, steps: [{ rev, edits }], characters: charactersOf(edits) }
}

/** The steps that are left from a version on; undefined if it is not on the way. */
function stepsFrom(chain: Chain, version: { readonly rev: number; readonly hash: string }): Chain['steps'] | undefined {
  if ('hash' in chain.from ? chain.from.hash === version.hash : chain.from.rev === version.rev) return chain.steps
  const index = chain.steps.findIndex((step) => step.rev === version.rev)
  return version.rev === 0 || index === -1 ? undefined : chain.steps.slice(index + 1)
}

function charactersOf(edits: Edits): number {
  return edits.reduce((sum, edit) => sum + edit.removed.length + edit.added.length, 0)
}
