/**
 * What the client knows of the files: every head, and the contents that were read. Kept in the store, so that it can be read
 * without a connection, marked as of when it was true.
 */
import { z } from 'zod'
import { fileContent, fileHead, sequence, type FileContent, type FileHead } from '../../protocol/files.js'
import { workspaceId, type FileId, type WorkspaceId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { applyEdits, type Edits } from '../../protocol/text/edits.js'
import type { Change } from './store.js'
import { trusted } from './trusted.js'

/** Contents that are kept, in UTF-16 units; the ones that were not used for longest go first. */
const MAX_SIZE = 64 * 1024 * 1024

const HEAD = 'head/'
const CONTENT = 'content/'
const META = 'meta'

const meta = z.object({ workspaceId, seq: sequence, asOf: z.number() })
const cached = z.object({ rev: z.int(), content: fileContent })
type Cached = z.infer<typeof cached>

export class FileCache {
  readonly #heads = new Map<WorkspacePath, FileHead>()
  readonly #paths = new Map<FileId, WorkspacePath>()
  /** Least recently used first. */
  readonly #contents = new Map<WorkspacePath, Cached>()
  #size = 0
  #meta: z.infer<typeof meta> | undefined
  #changes = new Map<string, string | null>()

  /** @param rows of the store; what this version can't read is left out, and read from the server again */
  constructor(rows: ReadonlyMap<string, string>) {
    for (const [key, value] of rows) {
      const json: unknown = key === META || key.startsWith(HEAD) || key.startsWith(CONTENT) ? JSON.parse(value) : null
      if (key === META) this.#meta = meta.safeParse(json).data
      if (key.startsWith(HEAD)) this.#loadHead(fileHead.safeParse(json).data)
    }
    for (const [key, value] of rows) {
      if (!key.startsWith(CONTENT)) continue
      const head = this.#heads.get(trusted<WorkspacePath>(key.slice(CONTENT.length)))
      const content = cached.safeParse(JSON.parse(value)).data
      if (head !== undefined && content !== undefined) this.#hold(head.path, content)
    }
  }

  /** Of the workspace that all of this is about; undefined: nothing is known. */
  get workspaceId(): WorkspaceId | undefined {
    return this.#meta?.workspaceId
  }

  /** Up to which commit it is complete; 0: nothing is. */
  get seq(): number {
    return this.#meta?.seq ?? 0
  }

  /** Milliseconds since 1970: when the server last said that it is so; null: it never did. */
  get asOf(): number | null {
    return this.#meta?.asOf ?? null
  }

  /** Those that exist. */
  heads(): FileHead[] {
    return [...this.#heads.values()].filter(({ deleted }) => !deleted)
  }

  head(path: WorkspacePath): FileHead | undefined {
    return this.#heads.get(path)
  }

  content(path: WorkspacePath): Cached | undefined {
    const held = this.#contents.get(path)
    if (held === undefined) return undefined
    this.#contents.delete(path)
    this.#contents.set(path, held)
    return held
  }

  /** All of it was true now. */
  confirm(of: WorkspaceId, seq: number, now: number): void {
    this.#meta = { workspaceId: of, seq: Math.max(seq, this.seq), asOf: now }
    this.#changes.set(META, JSON.stringify(this.#meta))
  }

  /** @param edits from the text of the revision before; null: not known */
  changed(head: FileHead, edits: Edits | null): void {
    this.#moved(head)
    const before = this.#heads.get(head.path)
    if (before !== undefined && before.id === head.id && before.rev >= head.rev) return
    this.#heads.set(head.path, head)
    this.#changes.set(HEAD + head.path, JSON.stringify(head))
    const held = this.#contents.get(head.path)
    if (held === undefined) return
    const isNext = before?.id === head.id && held.rev === head.rev - 1
    if (isNext && edits !== null && held.content.kind === 'text' && head.kind === 'text') {
      const { bom, eol } = head
      this.read(head, { kind: 'text', text: applyEdits(held.content.text, edits), bom, eol })
    }
  }

  read(head: Pick<FileHead, 'path' | 'rev'>, content: FileContent): void {
    this.#hold(head.path, { rev: head.rev, content })
    this.#changes.set(CONTENT + head.path, JSON.stringify({ rev: head.rev, content }))
  }

  /** It was of another workspace. */
  clear(): void {
    for (const path of this.#heads.keys()) this.#changes.set(HEAD + path, null)
    for (const path of this.#contents.keys()) this.#changes.set(CONTENT + path, null)
    this.#heads.clear()
    this.#paths.clear()
    this.#contents.clear()
    this.#size = 0
    this.#meta = undefined
    this.#changes.set(META, null)
  }

  /** What the store does not hold yet. */
  takeChanges(): Change[] {
    const changes = [...this.#changes].map(([key, value]) => ({ key, value }))
    this.#changes = new Map()
    return changes
  }

  /** A file that was renamed takes its content along. */
  #moved({ id, path, rev }: FileHead): void {
    const from = this.#paths.get(id)
    this.#paths.set(id, path)
    const before = from === undefined || from === path ? undefined : this.#heads.get(from)
    if (from === undefined || before?.id !== id || before.rev >= rev) return
    const held = this.#contents.get(from)
    this.#drop(from)
    this.#heads.delete(from)
    this.#heads.set(path, before)
    this.#changes.set(HEAD + from, null)
    this.#changes.set(CONTENT + from, null)
    if (held !== undefined) this.read({ path, rev: held.rev }, held.content)
  }

  #loadHead(head: FileHead | undefined): void {
    if (head === undefined) return
    this.#heads.set(head.path, head)
    this.#paths.set(head.id, head.path)
  }

  #hold(path: WorkspacePath, held: Cached): void {
    this.#drop(path)
    this.#contents.set(path, held)
    this.#size += sizeOf(held)
    for (const oldest of this.#contents.keys()) {
      if (this.#size <= MAX_SIZE || oldest === path) return
      this.#drop(oldest)
      this.#changes.set(CONTENT + oldest, null)
    }
  }

  #drop(path: WorkspacePath): void {
    const held = this.#contents.get(path)
    if (held === undefined) return
    this.#contents.delete(path)
    this.#size -= sizeOf(held)
  }
}

function sizeOf({ content }: Cached): number {
  return content.kind === 'text' ? content.text.length : content.base64.length
}
