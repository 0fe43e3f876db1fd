/**
 * Where the symbols of code stand.
 *
 * 1. A symbol is found by syntax; where its code is broken, as it stood when the file was last seen sound; else by the look
 *    of its lines (rule LOCK-11).
 * 2. Parsing is somebody else's, who may fail: then the lines are looked at.
 * 3. What is remembered is bounded, and belongs to files, not to paths.
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { LineRange } from '../../protocol/conflicts.js'
import type { FileHead } from '../../protocol/files.js'
import type { FileId } from '../../protocol/ids.js'
import type { CodeSymbol } from './extract.js'
import { EXTENSIONS, languageOf } from './languages.js'
import { nearNames } from './near-names.js'
import type { SoundCode, SymbolsQuestion, SymbolTable } from './parse.js'
import { findByLines } from './symbols-by-lines.js'

interface CodeFile {
  readonly head: Pick<FileHead, 'id' | 'path' | 'rev'>
  readonly text: string
}

export interface SymbolServiceOptions {
  readonly parse: (question: SymbolsQuestion) => Promise<SymbolTable>
  readonly onError: (error: unknown) => void
}

/** Files that are remembered, those that were asked for last. */
const MAX_FILES = 64
/** Of a text that is remembered as it was when sound, and of one that is parsed. In UTF-16 units. */
const MAX_REMEMBERED = 256 * 1024
const MAX_PARSED = 2 * 1024 * 1024

interface Known {
  readonly rev: number
  readonly table: Promise<SymbolTable>
  /** As it was before `rev`. */
  readonly sound: SoundCode | null
}

const UNREAD: SymbolTable = { isSound: false, symbols: [] }

export class SymbolService {
  readonly #options: SymbolServiceOptions
  readonly #known = new Map<FileId, Known>()

  constructor(options: SymbolServiceOptions) {
    this.#options = options
  }

  /** From the first to the last of that name. @throws EnsembleError E_UNKNOWN_SYMBOL */
  async find(file: CodeFile, name: string): Promise<LineRange> {
    const { path } = file.head
    if (languageOf(path) === undefined) {
      throw new EnsembleError('E_UNKNOWN_SYMBOL', `${path} has no symbols: none are known of such files.`, {
        hint: `Lock lines of it, or the whole file. Symbols are known of: ${EXTENSIONS.join(', ')}.`,
        data: { path, name, near: [] },
      })
    }
    const table = await this.#tableOf(file)
    const lines = linesOf(table, name) ?? (table.isSound ? null : findByLines(file.text, name)) ?? broken(table, name)
    if (lines !== null) return lines
    const near = nearNames(name, new Set(table.symbols.map((symbol) => symbol.name)))
    throw new EnsembleError('E_UNKNOWN_SYMBOL', `${path} has no symbol ${name}.`, {
      hint: near.length === 0 ? 'Name one as Class.method, or lock lines.' : `Did you mean ${near.join(', ')}?`,
      data: { path, name, near },
    })
  }

  /** The smallest symbol around a line; undefined: there is none. */
  async around(file: CodeFile, line: number): Promise<CodeSymbol | undefined> {
    const { symbols } = await this.#tableOf(file)
    const [smallest] = symbols
      .filter(({ from, to }) => from <= line && line <= to)
      .sort((a, b) => a.to - a.from - (b.to - b.from) || b.from - a.from)
    return smallest
  }

  async #tableOf(file: CodeFile): Promise<SymbolTable> {
    const { id, rev } = file.head
    const known = this.#known.get(id)
    this.#known.delete(id)
    const current = known?.rev === rev ? known : { rev, ...this.#read(file, known?.sound ?? null) }
    this.#known.set(id, current)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_FILES) break
      this.#known.delete(oldest)
    }
    return await current.table
  }

  #read(file: CodeFile, before: SoundCode | null): Omit<Known, 'rev'> {
    const { head, text } = file
    const { id, path, rev } = head
    const isLarge = text.length > MAX_PARSED
    const parsed = isLarge ? Promise.resolve(UNREAD) : this.#options.parse({ path, text, before })
    const table = parsed.then(
      (found) => {
        if (found.isSound && text.length <= MAX_REMEMBERED) this.#remember(id, rev, { text, symbols: found.symbols })
        return found
      },
      (error: unknown) => {
        this.#known.delete(id)
        this.#options.onError(error)
        return UNREAD
      },
    )
    return { table, sound: before }
  }

  #remember(id: FileId, rev: number, sound: SoundCode): void {
    const known = this.#known.get(id)
    if (known !== undefined && known.rev >= rev) this.#known.set(id, { ...known, sound })
  }
}

function linesOf({ symbols }: SymbolTable, name: string): LineRange | null {
  return spanOf(symbols.filter((symbol) => symbol.name === name && symbol.by !== 'broken'))
}

function broken({ symbols }: SymbolTable, name: string): LineRange | null {
  return spanOf(symbols.filter((symbol) => symbol.name === name))
}

function spanOf(symbols: readonly CodeSymbol[]): LineRange | null {
  if (symbols.length === 0) return null
  return { from: Math.min(...symbols.map(({ from }) => from)), to: Math.max(...symbols.map(({ to }) => to)) }
}
