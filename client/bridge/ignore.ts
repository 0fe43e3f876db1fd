/**
 * Which files a folder keeps to itself: `.gitignore` and `.ensembleignore` at every level, folders that are never synced,
 * our temporaries, names that are no workspace path, and folders that are a workspace of their own.
 *
 * As in git the deepest file decides, then its last matching line, and nothing inside an ignored folder comes back.
 * `.ensembleignore` is asked before `.gitignore`, so that it can also take something in (`!dist/`).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import {
  isLocksFile,
  isNeverSynced,
  pathFault,
  TEMPORARY_PREFIX,
  workspacePath,
  type WorkspacePath,
} from '../../protocol/paths.js'
import { sightOf } from './stamp.js'

/** In the order in which they are asked. */
const RULE_FILES = ['.ensembleignore', '.gitignore'] as const
/** Verdicts kept; about 100 bytes each. */
const MAX_KEPT = 200_000
/** A folder that holds this is a workspace of its own. */
const DATA_FOLDER = '.ensemble'

interface FolderRules {
  /** Of the rule files and the data folder; other stamps mean other rules. */
  readonly stamp: string
  readonly nested: boolean
  /** One for each of RULE_FILES. */
  readonly rules: readonly (Ignore | undefined)[]
}

export class IgnoreRules {
  readonly #root: string
  readonly #folders = new Map<string, FolderRules>()
  readonly #verdicts = new Map<string, boolean>()
  /** Undefined: ignored. Judging a file costs more than looking at it, and the audit looks at each every few seconds. */
  readonly #files = new Map<string, WorkspacePath | undefined>()

  constructor(root: string) {
    this.#root = root
  }

  /**
   * The path, if its file takes part; undefined if it is ignored or no workspace path.
   *
   * @param name of a file, relative to the root
   */
  accept(name: string): WorkspacePath | undefined {
    if (this.#files.has(name)) return this.#files.get(name)
    const parsed = workspacePath.safeParse(name)
    const isIgnored = !parsed.success || this.ignoresFolder(parentOf(name)) || this.#isRuledOut(name, '')
    const path = isIgnored ? undefined : parsed.data
    if (this.#files.size >= MAX_KEPT) this.#files.clear()
    this.#files.set(name, path)
    return path
  }

  /** @param folder relative to the root, '' for the root itself */
  ignoresFolder(folder: string): boolean {
    if (folder === '') return false
    const known = this.#verdicts.get(folder)
    if (known !== undefined) return known
    const verdict =
      pathFault(folder) !== undefined ||
      this.ignoresFolder(parentOf(folder)) ||
      this.#isRuledOut(folder, '/') ||
      this.#of(folder).nested
    this.#verdicts.set(folder, verdict)
    return verdict
  }

  /**
   * Why a file or folder that nobody ignores can't take part: its name is no workspace path. Undefined: it can, or is ignored.
   *
   * @param slash after the name, in rules: '/' for a folder
   */
  nameFault(name: string, slash: '' | '/'): string | undefined {
    const fault = pathFault(name)
    const last = name.slice(name.lastIndexOf('/') + 1)
    if (fault === undefined || isNeverSynced(last) || last.startsWith(TEMPORARY_PREFIX) || isLocksFile(name)) {
      return undefined
    }
    return this.ignoresFolder(parentOf(name)) || this.#isRuledOut(name, slash) ? undefined : fault
  }

  /** Looks at a folder's rules again. True if they are others than before: then every path has to be judged anew. */
  refresh(folder: string): boolean {
    const known = this.#folders.get(folder)
    if (known === undefined || known.stamp === this.#stampOf(folder)) return false
    this.#folders.clear()
    this.#verdicts.clear()
    this.#files.clear()
    return true
  }

  /** Whether a change of this file may change rules. */
  static isRuleFile(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return name === DATA_FOLDER || RULE_FILES.some((file) => file === name)
  }

  #isRuledOut(path: string, slash: '' | '/'): boolean {
    for (const kind of RULE_FILES.keys()) {
      for (let folder = parentOf(path); ; folder = parentOf(folder)) {
        const inside = folder === '' ? path : path.slice(folder.length + 1)
        const verdict = this.#of(folder).rules[kind]?.test(inside + slash)
        if (verdict?.ignored === true) return true
        if (verdict?.unignored === true) return false
        if (folder === '') break
      }
    }
    return false
  }

  #of(folder: string): FolderRules {
    let rules = this.#folders.get(folder)
    if (rules === undefined) {
      rules = {
        stamp: this.#stampOf(folder),
        nested: folder !== '' && sightOf(join(this.#root, folder, DATA_FOLDER)).kind === 'folder',
        rules: RULE_FILES.map((file) => readRules(join(this.#root, folder, file))),
      }
      this.#folders.set(folder, rules)
    }
    return rules
  }

  #stampOf(folder: string): string {
    const parts = RULE_FILES.map((file) => {
      const sight = sightOf(join(this.#root, folder, file))
      return sight.kind === 'file' ? sight.stamp : ''
    })
    if (folder !== '') parts.push(sightOf(join(this.#root, folder, DATA_FOLDER)).kind)
    return parts.join()
  }
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

function readRules(place: string): Ignore | undefined {
  if (sightOf(place).kind !== 'file') return undefined
  try {
    return ignore().add(readFileSync(place, 'utf8'))
  } catch {
    return undefined // gone or unreadable since the look: no rules, and looked at again with the next change
  }
}
