/** Gathers what pairRenames decides upon: what the disk holds at new paths, and what was last in agreement at those gone. */
import type { WorkspacePath } from '../../protocol/paths.js'
import { decodeText } from '../../protocol/text/encoding.js'
import type { BaseStore } from './base-store.js'
import type { DiskLooks } from './disk-looks.js'
import { pairRenames, type FreshFile, type GoneFile } from './pair-renames.js'
import type { Places } from './places.js'
import type { Environment } from './ports.js'
import { isSmall, readSmallFile } from './reader.js'

export interface RenameFinderOptions {
  readonly places: Places
  readonly store: BaseStore
  readonly looks: DiskLooks
  readonly environment: Environment
}

export class RenameFinder {
  readonly #options: RenameFinderOptions

  constructor(options: RenameFinderOptions) {
    this.#options = options
  }

  /** The path from which a new file came, as far as it can be told by the file itself: nothing stands there any more. */
  origin(path: WorkspacePath): string | undefined {
    const { places, store, looks } = this.#options
    const sight = places.sight(path)
    const from = sight.kind === 'file' ? looks.pathOf(sight.stamp) : undefined
    if (from === undefined || from === path || store.bases.get(from)?.standing !== 'live') return undefined
    const there = places.sight(from).kind
    return there === 'absent' || there === 'folder' || there === 'under-file' ? from : undefined
  }

  /**
   * @param gone paths of bases that the disk has no more
   * @param fresh paths that have no base
   * @returns old path → new path; an old one may be another than those of `gone`
   */
  pair(gone: readonly string[], fresh: readonly WorkspacePath[]): ReadonlyMap<string, string> {
    const news = fresh.map((path) => this.#fresh(path))
    const all = new Set([...gone, ...news.flatMap(({ from }) => from ?? [])])
    return pairRenames(
      [...all].flatMap((path) => this.#gone(path)),
      news,
    )
  }

  #gone(path: string): GoneFile[] {
    const { store } = this.#options
    const row = store.bases.get(path)
    if (row?.standing !== 'live') return []
    const text = (): string | undefined => {
      const bytes = store.content(row.hash)
      return bytes === undefined ? undefined : decodeText(bytes)?.text
    }
    return [{ path, hash: row.hash, text }]
  }

  #fresh(path: WorkspacePath): FreshFile {
    const { places, looks, environment } = this.#options
    const sight = places.sight(path)
    const isEmpty = sight.kind === 'file' && sight.size === 0
    const text = (): string | undefined => {
      if (sight.kind !== 'file' || !isSmall(sight)) return undefined
      const reading = readSmallFile(places.of(path), sight, environment.now())
      return reading.kind === 'file' ? decodeText(reading.bytes)?.text : undefined
    }
    return { path, from: this.origin(path), hash: isEmpty ? undefined : looks.seen(path)?.hash, text }
  }
}
