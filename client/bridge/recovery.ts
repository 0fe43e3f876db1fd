/** What a bridge that died in the middle of a write left behind: each intent is settled by what the disk holds now. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BaseStore, Change } from './base-store.js'
import { codeOf } from './node-error.js'
import type { Places } from './places.js'
import type { IntentRow } from './rows.js'
import { sightOf } from './stamp.js'
import { asPlaced, remove, removeFolders, syncPlace } from './writer.js'
import { parentOf } from './ignore.js'

/** What can be seen of an intent after the fact. */
export interface IntentFacts {
  /** The place holds the inode that was to be put there. */
  readonly isThere: boolean
  readonly hasTemporary: boolean
  /** The old inode is in the holding folder, and the place holds another one or nothing. */
  readonly isOldMoved: boolean
}

/** Whether what an intent announced has happened. */
export function hasHappened(intent: Pick<IntentRow, 'phase' | 'temporary'>, facts: IntentFacts): boolean {
  if (intent.phase === 'placed') return true
  if (intent.temporary === null) return facts.isOldMoved
  // A temporary file goes only by being renamed; if something else stands there by now, it came afterwards.
  return facts.isThere || !facts.hasTemporary
}

export interface RecoveryOptions {
  readonly places: Places
  readonly store: BaseStore
  readonly holding: string
}

/** Settles every intent. @returns the intents whose old inode has to be read once more */
export async function recover({ places, store, holding }: RecoveryOptions): Promise<string[]> {
  const watched: string[] = []
  for (const [id, intent] of [...store.intents]) {
    const { path, temporary, old, next } = intent
    if (intent.from !== null) {
      await recoverMove(places, store, id, intent, intent.from)
      continue
    }
    if (hasHappened(intent, look(places, intent))) {
      if (intent.phase === 'placing') {
        await syncPlace(places.of(parentOf(path)))
        await store.commit([
          // Without a stamp: what stands there now is read, and what it says then counts as written upon this.
          { table: 'bases', key: path, row: next },
          { table: 'intents', key: id, row: old === null ? null : asPlaced(intent) },
        ])
        if (next === null) removeFolders(places, path)
      }
      if (old !== null) watched.push(id)
      if (temporary !== null) remove(places.of(temporary))
    } else {
      await store.commit([{ table: 'intents', key: id, row: null }])
      if (temporary !== null) remove(places.of(temporary))
      if (temporary !== null && old !== null) remove(places.of(old.file))
    }
  }
  removeStrays(holding, places, store)
  return watched
}

/**
 * The new name comes first, the old one goes then: where the new one is, the file has moved. So it has where the old one is
 * gone and another file stands at the new one: somebody saved it there since, as editors do.
 */
async function recoverMove(
  places: Places,
  store: BaseStore,
  id: string,
  intent: IntentRow,
  from: string,
): Promise<void> {
  const { path, inode, next } = intent
  const done: Change = { table: 'intents', key: id, row: null }
  const [left, there] = [inodeAt(places, from), inodeAt(places, path)]
  if (there !== inode && (there === undefined || left !== undefined)) return store.commit([done])
  if (left === inode) remove(places.of(from))
  for (const folder of [parentOf(path), parentOf(from)]) await syncPlace(places.of(folder))
  const gone: Change = { table: 'bases', key: from, row: null }
  await store.commit([gone, { table: 'bases', key: path, row: next }, done])
  removeFolders(places, from)
}

function inodeAt(places: Places, path: string): string | undefined {
  const sight = places.sight(path)
  return sight.kind === 'file' ? String(sight.inode) : undefined
}

function look(places: Places, { path, temporary, inode, old }: IntentRow): IntentFacts {
  const place = places.sight(path)
  const at = place.kind === 'file' ? String(place.inode) : undefined
  const moved = old === null ? undefined : sightOf(places.of(old.file))
  return {
    isThere: at !== undefined && at === inode,
    hasTemporary: temporary !== null && sightOf(places.of(temporary)).kind === 'file',
    isOldMoved: moved?.kind === 'file' && at !== String(moved.inode),
  }
}

/** Temporary files that no intent names: their process died before it could say what they were for. */
function removeStrays(holding: string, places: Places, store: BaseStore): void {
  const named = new Set([...store.intents.values()].flatMap(({ old }) => (old === null ? [] : [places.of(old.file)])))
  let names: string[]
  try {
    names = readdirSync(holding)
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return
    throw thrown
  }
  for (const name of names) if (!named.has(join(holding, name))) remove(join(holding, name))
}
