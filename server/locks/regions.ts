/**
 * Finds where a region stands, in the text as it is at the moment of the grant.
 *
 * Reading a text, and a symbol in it, takes a while. What changes the text meanwhile is noted, and the region is mapped
 * through it: so nobody has to hold still, and nothing is tried twice.
 */
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { AgentId, Author } from '../../protocol/ids.js'
import type { LineRange } from '../../protocol/conflicts.js'
import type { LockWant } from '../../protocol/locks.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Edits } from '../../protocol/text/edits.js'
import type { Want } from './blockers.js'
import { countLines, mapSpan, spanOfLines } from './span.js'

/** A text, and which revision of its file it is. */
export interface FileText {
  readonly head: FileHead
  readonly text: string
}

export interface RegionsOptions {
  /** The text of a path; null: there is no file, or it is not text. */
  readonly textOf: (path: WorkspacePath) => Promise<FileText | null>
  /** What has come in of the text at a path, and is no revision yet, becomes one: it came before the lock. */
  readonly seal: (path: WorkspacePath) => void
  /** Where a symbol stands. @throws EnsembleError E_UNKNOWN_SYMBOL */
  readonly symbol: (file: FileText, name: string) => Promise<LineRange>
}

interface Change {
  readonly rev: number
  readonly edits: Edits
  readonly author: Author
}

/** What is being looked for, and what has changed there since. */
interface Search {
  readonly path: WorkspacePath
  readonly changes: Change[]
}

export class Regions {
  readonly #options: RegionsOptions
  readonly #searches = new Set<Search>()

  constructor(options: RegionsOptions) {
    this.#options = options
  }

  /**
   * Hands over all of them at once, each as it stands then: `use` runs in the step in which the last one is found.
   * @throws EnsembleError E_NOT_FOUND, E_RANGE, E_UNKNOWN_SYMBOL
   */
  async find<T>(wants: readonly LockWant[], holder: AgentId, use: (found: readonly Want[]) => T): Promise<T> {
    const searches = wants.map(({ path }): Search => ({ path, changes: [] }))
    for (const search of searches) this.#searches.add(search)
    try {
      const files = await Promise.all(wants.map((want) => this.#look(want)))
      for (const { path } of wants) this.#options.seal(path)
      return use(
        wants.map((want, at) => {
          const file = files[at]
          if (file == null) return { ...want, span: null }
          const changes = (searches[at]?.changes ?? []).filter(({ rev }) => rev > file.rev)
          const span = changes.reduce((s, { edits, author }) => mapSpan(s, edits, author === holder), file.span)
          return { ...want, span }
        }),
      )
    } finally {
      for (const search of searches) this.#searches.delete(search)
    }
  }

  /** A text has changed. */
  edited(path: WorkspacePath, rev: number, edits: Edits, author: Author): void {
    for (const search of this.#searches) if (search.path === path) search.changes.push({ rev, edits, author })
  }

  async #look({ path, region }: LockWant): Promise<{ span: NonNullable<Want['span']>; rev: number } | null> {
    if (region.kind === 'file') return null
    const file = await this.#options.textOf(path)
    if (file === null) {
      throw new EnsembleError('E_NOT_FOUND', `${path} has no lines: it is no file, or not text.`, {
        hint: 'Lock the whole file.',
        data: { path },
      })
    }
    const lines = await this.#linesOf(file, region)
    return { span: spanOfLines(file.text, lines), rev: file.head.rev }
  }

  async #linesOf(file: FileText, region: Exclude<LockWant['region'], { kind: 'file' }>): Promise<LineRange> {
    switch (region.kind) {
      case 'lines': {
        const count = countLines(file.text)
        if (region.to <= count) return region
        const { path } = file.head
        throw new EnsembleError(
          'E_RANGE',
          `${path} ends with line ${count}; ${region.from}–${region.to} was asked for.`,
          {
            hint: 'Name lines that are there, or lock the whole file.',
            data: { path, lines: count },
          },
        )
      }
      case 'symbol':
        return await this.#options.symbol(file, region.name)
      default:
        return unreachable(region)
    }
  }
}
