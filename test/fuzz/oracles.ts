/**
 * What must be true of a world once everything has come to rest, whatever was done to it. Nothing here asks the code that
 * is under test for its opinion: it reads the server's rows, the folders' files and the peers' texts.
 */
import type { Conflict } from '../../protocol/conflicts.js'
import { EPOCH_ROOT } from '../../protocol/document.js'
import type { FileHead } from '../../protocol/files.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { FileJournal } from '../../server/documents/file-journal.js'
import { rowsUnder } from '../../server/storage/keys.js'
import { stored } from '../../server/storage/stored.js'
import type { Peer } from '../support/peer.js'
import { until } from '../support/wait.js'
import { PATHS, type Sequence } from './commands.js'
import { markersIn, withOwn } from './texts.js'
import type { World } from './world.js'

/** Everything comes to rest within this, however busy the machine is. In milliseconds. */
export const LONGEST_REST = 60_000
/** How often the audits look at everything before it is believed that nobody writes any more. */
const QUIET_PASSES = 2
/** What is written into a file that the bridge had replaced comes in later, and may wake everyone up again. */
const LATE_ROUNDS = 5

/** @throws Error that names the invariant and what breaks it */
export async function verify(world: World, kind: Sequence['kind']): Promise<void> {
  await atRest(world)
  everythingIsKept(world)
  nothingIsDoubled(world)
  conflictsHoldOneSide(world)
  if (kind === 'orderly') everyoneHasTheirOwn(world)
}

/** [BRIDGE-2] Disk, head and replicas are equal, and then nothing is written any more. */
export async function atRest(world: World): Promise<void> {
  for (let round = 0; ; round++) {
    try {
      await until(async () => (await differences(world)).length === 0 && lost(world).length === 0, 'rest', LONGEST_REST)
    } catch (thrown) {
      const found = [...(await differences(world)), ...lost(world).map((marker) => `BRIDGE-1: ${marker} is nowhere`)]
      throw new Error(found.length === 0 ? 'BRIDGE-2: it never rests' : found.join('\n'), { cause: thrown })
    }
    const before = state(world)
    const passes = world.folders.map(({ bridge }) => (bridge?.passes ?? 0) + QUIET_PASSES)
    await until(
      () => world.folders.every(({ bridge }, index) => (bridge?.passes ?? 0) >= (passes[index] ?? 0)),
      'the audits',
      LONGEST_REST,
    )
    const after = state(world)
    if (after === before) return
    if (!world.hasLateWriters || round === LATE_ROUNDS) throw new Error(`BRIDGE-2: there was rest, and then\n${after}`)
  }
}

function state(world: World): string {
  const heads = [...new FileJournal(world.storage).files()].map(({ head }) => `${head.path} ${head.rev}`)
  return [...heads, ...world.folders.map((folder) => folder.stamps())].join('\n')
}

/** Who differs from the heads, and where. */
async function differences(world: World): Promise<string[]> {
  for (const folder of world.folders) await world.idle(folder)
  return differencesOf(world, world.folders, world.peers)
}

export function differencesOf(world: World, folders: World['folders'], peersOf: World['peers'] = []): string[] {
  const found: string[] = []
  const heads = headsOf(world)
  const compare = (who: string, path: string, text: string | undefined): void => {
    if (text !== heads.get(path))
      found.push(`BRIDGE-2: ${path} in ${who} is\n${text}\nand in the head\n${heads.get(path)}`)
  }
  for (const folder of folders) {
    const texts = folder.texts()
    for (const path of new Set([...heads.keys(), ...Object.keys(texts)])) compare(folder.root, path, texts[path])
  }
  for (const [index, peers] of peersOf.entries()) {
    for (const [path, peer] of peers) {
      const file = fileOf(world, peer)
      if (!peer.provider.synced) {
        if (!isShutOut(world, path, peer)) found.push(`BRIDGE-2: peer ${index} of ${path} is not connected`)
      } else if (file?.deleted === false) compare(`peer ${index} of ${path}`, file.path, peer.text.toJSON())
      else if (isShutOut(world, path, peer))
        continue // it stays with its file, which is gone, until it connects anew
      else if (heads.has(path) || peer.text.length > 0) compare(`peer ${index}`, path, peer.text.toJSON())
    }
  }
  return found
}

/** Whose document a peer holds, wherever that is by now (RENAME-4); undefined: no file's. */
function fileOf({ storage }: World, { doc }: Peer): FileHead | undefined {
  const epoch = doc.getMap(EPOCH_ROOT).get('client')
  for (const file of new FileJournal(storage).files()) if (file.epoch !== null && file.epoch === epoch) return file.head
  return undefined
}

/**
 * Its file was renamed away and is gone, or another one was made at its path or renamed to it: there it has another history
 * (DOC-5, DOC-6).
 */
function isShutOut(world: World, path: string, peer: Peer): boolean {
  const file = fileOf(world, peer)
  if (file === undefined || (file.path === path && !file.deleted)) return false
  const isElsewhere = file.path !== path && file.deleted
  return isElsewhere || [...revisionsOf(world.storage)].some((other) => other.path === path && other.fileId !== file.id)
}

/** [BRIDGE-1] Every marker is in a head, in the journal or in a conflict record. */
function everythingIsKept(world: World): void {
  const missing = lost(world)
  if (missing.length > 0) throw new Error(`BRIDGE-1: ${missing.join(' ')} nowhere`)
}

/** What a peer that is shut out had not told yet is in its document, and nowhere else. */
function lost(world: World): string[] {
  const { markers, withdrawn, storage, peers } = world
  const own = peers.flatMap((of) => [...of].filter(([path, peer]) => isShutOut(world, path, peer)))
  const untold = new Set(own.flatMap(([, { text }]) => markersIn(text.toJSON())))
  const texts = [...revisionsOf(storage)].map(({ text }) => text)
  const kept = new Set(markersIn([...texts, JSON.stringify([...conflictsOf(storage)])].join('\n')))
  return [...markers].filter((marker) => !kept.has(marker) && !withdrawn.has(marker) && !untold.has(marker))
}

/** [BRIDGE-11] No marker stands twice in a text, in no revision that ever was. */
function nothingIsDoubled({ storage }: World): void {
  for (const { path, rev, text } of revisionsOf(storage)) {
    const seen = new Set<string>()
    for (const marker of markersIn(text)) {
      if (seen.has(marker)) throw new Error(`BRIDGE-11: ${marker} is twice in ${path}, revision ${rev}:\n${text}`)
      seen.add(marker)
    }
  }
}

/** [BRIDGE-10] Where a conflict was raised one side stands, verbatim, and the record names a revision that there is. */
function conflictsHoldOneSide({ storage }: World): void {
  const journal = new FileJournal(storage)
  for (const conflict of conflictsOf(storage)) {
    if (journal.entry(conflict.fileId, conflict.rev) === undefined) {
      throw new Error(`BRIDGE-10: ${conflict.id} names a revision that is not: ${conflict.rev}`)
    }
    if (conflict.reason !== 'overlap') continue
    const { rev, at } = conflict.stands
    const text = journal.text(conflict.fileId, rev)
    if (text?.startsWith(conflict.ours, at) !== true) {
      throw new Error(`BRIDGE-10: of ${JSON.stringify(conflict)} ours does not stand in revision ${rev}:\n${text}`)
    }
  }
}

/** [BRIDGE-9, BRIDGE-11] Conflicts are where two changed one line to different ends, nowhere else; all other changes stand. */
function everyoneHasTheirOwn({ storage, own, overlaps, folders }: World): void {
  const raised = [...conflictsOf(storage)]
  const texts = folders[0]?.texts() ?? {}
  for (const path of PATHS) {
    const here = raised.filter((conflict) => conflict.path === path)
    const due = overlaps.get(path) ?? 0
    if (here.length !== due || here.some(({ reason }) => reason !== 'overlap')) {
      throw new Error(`BRIDGE-9: in ${path} ${due} changes overlap, and there is ${JSON.stringify(here, null, 1)}`)
    }
    const expected = withOwn(own, path)
    if (texts[path] !== expected) throw new Error(`BRIDGE-11: ${path} is\n${texts[path]}\ninstead of\n${expected}`)
  }
  if (raised.some(({ path }) => !overlaps.has(path))) throw new Error(`BRIDGE-9: ${JSON.stringify(raised)}`)
}

function headsOf({ storage }: World): Map<string, string> {
  const journal = new FileJournal(storage)
  const heads = new Map<string, string>()
  for (const { head } of journal.files()) {
    if (!head.deleted) heads.set(head.path, journal.text(head.id, head.rev) ?? '(no text)')
  }
  return heads
}

export function* conflictsOf(storage: World['storage']): Generator<Conflict> {
  for (const { value } of storage.range(rowsUnder(['conflict']))) yield stored<Conflict>(value)
}

function* revisionsOf(
  storage: World['storage'],
): Generator<{ fileId: string; path: string; rev: number; text: string }> {
  const journal = new FileJournal(storage)
  for (const { value } of storage.range(rowsUnder(['revision']))) {
    const { fileId, rev, path } = stored<RevisionEntry>(value)
    const text = journal.text(fileId, rev)
    if (text === undefined) throw new Error(`HISTORY-2: ${path} has no text of revision ${rev}`)
    yield { fileId, path, rev, text }
  }
}
