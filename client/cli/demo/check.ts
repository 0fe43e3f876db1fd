/** Whether folders are the same, and whether each thing that was written is there, and once. */
import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isNeverSynced } from '../../../protocol/paths.js'

/** Path → content, in latin1 so that every byte counts. */
export type Tree = ReadonlyMap<string, string>

export async function readTree(root: string): Promise<Tree> {
  const tree = new Map<string, string>()
  const pending = [root]
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const place = join(dir, entry.name)
      if (entry.isDirectory() && !isNeverSynced(entry.name)) pending.push(place)
      else if (entry.isFile()) tree.set(relative(root, place), await readFile(place, 'latin1'))
    }
  }
  return tree
}

export interface Verdict {
  /** Paths that are not the same everywhere. */
  readonly unequal: readonly string[]
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
}

/** @param markers each was written once, by one agent, into one file, and should be in every tree exactly once */
export function judge(trees: readonly Tree[], markers: readonly string[]): Verdict {
  const [first = new Map<string, string>(), ...others] = trees
  const paths = new Set(trees.flatMap((tree) => [...tree.keys()]))
  const unequal = [...paths].filter((path) => others.some((tree) => tree.get(path) !== first.get(path)))
  const counts = trees.map((tree) => {
    const text = [...tree.values()].join('\n')
    return new Map(markers.map((marker) => [marker, text.split(marker).length - 1]))
  })
  const some = (isSo: (count: number) => boolean): string[] =>
    markers.filter((marker) => counts.some((count) => isSo(count.get(marker) ?? 0)))
  return { unequal, lost: some((count) => count === 0), doubled: some((count) => count > 1) }
}

export function isClean({ unequal, lost, doubled }: Verdict): boolean {
  return unequal.length + lost.length + doubled.length === 0
}
