/** The database of a bridge's memory (base-store.ts): one file, memory-mapped. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Database, type RootDatabase } from 'lmdb'

const FILE = 'bases.mdb'

type Table = 'bases' | 'pendings' | 'intents' | 'meta'

export interface Opened {
  readonly root: RootDatabase<unknown, string>
  readonly tables: Readonly<Record<Table, Database<unknown, string>>>
  readonly contents: Database<Buffer, string>
}

/** Opens it, or begins one. */
export function openDatabase(dir: string): Opened {
  const root = open<unknown, string>({
    path: join(dir, FILE),
    noSubdir: true,
    encoding: 'json',
    maxDbs: 8,
    // Resolved means synced. With it on, a commit resolves before its sync, and costs no less.
    overlappingSync: false,
    // A text of 4 kB would take two pages of its own; compressed (LZ4, above 1,000 bytes) it shares one with others.
    compression: true,
    // Address space, not memory: each growth of the map would leave the old one in use beside the new one.
    mapSize: 4 * 1024 * 1024 * 1024,
    // With batching by event turn, lmdb leaves the rejection of a promise of its own unhandled.
    eventTurnBatching: false,
  })
  const table = (name: string): Database<unknown, string> => root.openDB<unknown, string>({ name, encoding: 'json' })
  return {
    root,
    tables: {
      bases: table('bases'),
      pendings: table('pendings'),
      intents: table('intents'),
      meta: table('meta'),
    },
    contents: root.openDB<Buffer, string>({ name: 'contents', encoding: 'binary' }),
  }
}

/**
 * The same file once more: one that was taken away meanwhile is not begun anew.
 * @param identity what `identityOf` said when it was first opened
 */
export function openAgain(dir: string, identity: string | undefined): Opened {
  if (identity === undefined || identityOf(dir) === identity) return openDatabase(dir)
  throw new Error(`${join(dir, FILE)} was taken away.`)
}

/** Which file it is; undefined: there is none. */
export function identityOf(dir: string): string | undefined {
  const found = statSync(join(dir, FILE), { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}
