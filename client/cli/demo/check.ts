/** Whether folders are the same, and whether each thing that was written is there, and once. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isNeverSynced, TEMPORARY_PREFIX } from '../../../protocol/paths.js'
import { codeOf } from '../../bridge/node-error.js'

/** Path → content, in latin1 so that every byte counts. */
export type Tree = ReadonlyMap<string, string>

/** What comes or goes while it is being read is left out: whoever waits for folders to be the same looks again. */
export async function readTree(root: string): Promise<Tree> {
  const tree = new Map<string, string>()
  const pending = ['']
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const place = join(root, folder)
    const entries = await readdir(place, { withFileTypes: true }).catch((thrown: unknown) => {
      if (folder !== '' && codeOf(thrown) === 'ENOENT') return []
      throw thrown
    })
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (isNeverSynced(entry.name) || entry.name.startsWith(TEMPORARY_PREFIX)) continue
      if (entry.isDirectory()) pending.push(path)
      if (!entry.isFile()) continue
      const content = await readFile(join(root, path), 'latin1').catch((thrown: unknown) => {
        if (codeOf(thrown) === 'ENOENT') return undefined
        throw thrown
      })
      if (content !== undefined) tree.set(path, content)
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
