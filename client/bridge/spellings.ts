/**
 * Paths that are two files for the server, and one for this disk: it takes `Readme.md` for `README.md`, or both Unicode
 * spellings of `é` for one. The first of them that is here, or comes here, has the place; the other is left out.
 */
import { lstatSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Heads } from './heads.js'
import type { BaseRow } from './rows.js'

/** What of a path a disk tells apart: equal results are one place. Undefined: all of it. */
export type Fold = ((path: string) => string) | undefined

/** Asks the disk. @param folder ours, on the same disk */
export function foldOf(folder: string): Fold {
  const isOne = (name: string, other: string): boolean => {
    const place = join(folder, name)
    writeFileSync(place, '')
    const found = lstatSync(join(folder, other), { throwIfNoEntry: false }) !== undefined
    rmSync(place, { force: true })
    return found
  }
  const hasOneCase = isOne('names-a', 'NAMES-A')
  const hasOneForm = isOne('names-\u00e9', 'names-e\u0301')
  if (!hasOneCase && !hasOneForm) return undefined
  return (path) => {
    const formed = hasOneForm ? path.normalize('NFC') : path
    return hasOneCase ? formed.toLowerCase() : formed
  }
}

export class Spellings {
  readonly #fold: Fold
  readonly #bases: ReadonlyMap<string, Pick<BaseRow, 'standing'>>
  readonly #heads: Pick<Heads, 'get'>
  readonly #owners = new Map<string, string>()

  constructor(fold: Fold, bases: ReadonlyMap<string, Pick<BaseRow, 'standing'>>, heads: Pick<Heads, 'get'>) {
    this.#fold = fold
    this.#bases = bases
    this.#heads = heads
    if (fold !== undefined) for (const path of bases.keys()) this.#owners.set(fold(path), path)
  }

  /** The path that has the place of `path` on this disk, if that is another one; else it is this one's from now on. */
  other(path: string): string | undefined {
    if (this.#fold === undefined) return undefined
    const place = this.#fold(path)
    const owner = this.#owners.get(place)
    if (owner !== undefined && owner !== path && this.#isInUse(owner)) return owner
    this.#owners.set(place, path)
    return undefined
  }

  #isInUse(path: string): boolean {
    return this.#bases.get(path)?.standing === 'live' || this.#heads.get(path)?.deleted === false
  }
}
