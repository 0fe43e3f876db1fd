/** A real source tree that is always at hand: packages that this program itself needs, with their sources as published. */
import { cp, readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { EnsembleError } from '../../../protocol/errors.js'

/** Package, and the folder in it. The first that is there is taken. */
const CANDIDATES = [
  ['yjs', 'src'],
  ['express', 'lib'],
  ['zod', 'src'],
] as const

export interface SourceTree {
  /** "yjs 13.6.33" */
  readonly name: string
  /** Within the workspace. */
  readonly folder: string
  readonly files: number
  readonly lines: number
  /** Its longest files, longest first: there is room in them for everybody. */
  readonly longest: readonly string[]
}

/** @throws EnsembleError E_NOT_FOUND if this installation has none of them */
export async function copySource(workspace: string): Promise<SourceTree> {
  for (const [name, folder] of CANDIDATES) {
    const root = rootOf(name)
    if (root === undefined) continue
    const from = join(root, folder)
    const names = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => undefined)
    if (names === undefined) continue
    await cp(from, join(workspace, folder), { recursive: true })
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const sizes = await Promise.all(
      files.map(async (file) => ({ file, lines: (await readFile(file, 'utf8')).split('\n').length })),
    )
    return {
      name: `${name} ${version}`,
      folder,
      files: files.length,
      lines: sizes.reduce((sum, { lines }) => sum + lines, 0),
      longest: sizes.sort((a, b) => b.lines - a.lines).map(({ file }) => join(folder, file.slice(from.length + 1))),
    }
  }
  throw new EnsembleError(
    'E_NOT_FOUND',
    'This installation has none of the packages that the demo takes its source tree from.',
    {
      hint: 'Install Ensemble anew: npm ci',
    },
  )
}

function rootOf(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}
