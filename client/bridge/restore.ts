/**
 * Gives a folder back what the server has, where a bulk of changes was held and is not wanted. Nothing of it is lost: a text
 * that goes from its place is first put, durably, under `.ensemble/restored/<time>/`, at the same path.
 */
import { mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { decodeText } from '../../protocol/text/encoding.js'
import type { BaseStore, Change } from './base-store.js'
import type { ChangeKind } from './gate.js'
import { codeOf } from './node-error.js'
import type { Places } from './places.js'
import type { Environment } from './ports.js'
import { readFile } from './reader.js'

export interface RestoreOptions {
  readonly places: Places
  readonly store: BaseStore
  readonly environment: Environment
  /** Of the folder; absolute. */
  readonly dataFolder: string
}

/**
 * After this, reconcile puts the head in the place of each.
 *
 * @returns the folder with what was overwritten; undefined if nothing was
 */
export async function prepareRestore(
  held: ReadonlyMap<string, ChangeKind>,
  { places, store, environment, dataFolder }: RestoreOptions,
): Promise<string | undefined> {
  const changes: Change[] = []
  let aside: string | undefined
  for (const [path, kind] of held) {
    const row = store.bases.get(path)
    if (row === undefined) continue
    if (kind === 'delete') {
      // Without its standing a base proves no deletion, so the head is written again.
      changes.push({ table: 'bases', key: path, row: { ...row, standing: 'text' } })
      continue
    }
    const sight = places.sight(path)
    if (sight.kind !== 'file') continue
    const reading = await readFile(places.of(path), sight, environment.now(), environment.timers)
    if (reading.kind !== 'file') continue // written to at this moment: it is an edit of its own
    const { bytes, hash, executable } = reading
    aside ??= newFolder(join(dataFolder, 'restored'), environment.now())
    await keep(join(aside, path), bytes)
    const isText = decodeText(bytes) !== undefined
    if (isText) changes.push({ table: 'contents', key: hash, row: bytes })
    // As if it had been in step, so that the head may take its place; the server never had it, which `rev` 0 says.
    const asBase = { ...row, kind: isText ? ('text' as const) : ('binary' as const), rev: 0, hash, executable }
    changes.push({ table: 'bases', key: path, row: { ...asBase, standing: 'live', stamp: '', earlier: [] } })
  }
  await store.commit(changes)
  return aside
}

async function keep(place: string, bytes: Uint8Array): Promise<void> {
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
  const file = await open(place, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** "2026-01-31T10-20-30Z"; with a number where there is one of that second. */
function newFolder(place: string, now: number): string {
  mkdirSync(place, { recursive: true, mode: 0o700 })
  const name = `${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z`
  for (let number = 1; ; number++) {
    const folder = join(place, number === 1 ? name : `${name}-${number}`)
    try {
      mkdirSync(folder, { mode: 0o700 })
      return folder
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown
    }
  }
}
