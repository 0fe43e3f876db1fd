/**
 * Agents at work in folders of their own, on one tree. Most edits are of lines that only their agent touches; one in five is
 * of a line that all share, so that two may change it at once.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Conflict } from '../../protocol/conflicts.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { FileJournal } from '../../server/documents/file-journal.js'
import { openEmbeddedStorage } from '../../server/storage/embedded.js'
import { rowsUnder } from '../../server/storage/keys.js'
import { stored } from '../../server/storage/stored.js'
import { randomFrom } from '../support/random.js'
import { verdict, type Section } from './figures.js'
import { Lab } from './processes.js'

const FILES = 20
const SHARED = 8
/** Between two edits of one agent, in milliseconds: 30 a minute. */
const EVERY = 2000
/** An agent leaves a shared line alone for so long after its own change of it: what comes of that is known by then. */
const LEAVE_ALONE = 15_000
const SETTLED_AFTER = 60_000

interface SharedEdit {
  readonly saw: string
  readonly line: string
}

export async function bridgeAgents(agents: number, minutes: number, seed: number): Promise<Section> {
  const lab = await Lab.make()
  const random = randomFrom(seed)
  try {
    const workspace = await lab.folder('workspace')
    const paths = Array.from({ length: FILES }, (_, file) => `file-${file}.txt`)
    for (const path of paths) await writeFile(join(workspace, path), startText(agents))
    const server = await lab.server(workspace)
    const dirs = await Promise.all(Array.from({ length: agents }, (_, index) => lab.folder(`agent-${index}`)))
    for (const [index, dir] of dirs.entries()) await lab.agent('CLAUDE', `agent${index}`, dir, server)

    const markers: string[] = []
    const shared: SharedEdit[] = []
    const touched = new Map<string, number>()
    const edit = (agent: number, path: string, line: string): void => {
      const place = join(dirs[agent] ?? '', path)
      const text = readFileSync(place, 'utf8')
      const saw = new RegExp(`^${line}: (.*)$`, 'm').exec(text)?.[1]
      if (saw === undefined) throw new Error(`${place} has no line "${line}"`)
      const marker = `<${markers.length}>`
      markers.push(marker)
      if (line.startsWith('shared')) shared.push({ saw, line: `${path} ${line}` })
      writeFileSync(place, text.replace(`${line}: ${saw}\n`, `${line}: ${marker}\n`))
    }
    const end = performance.now() + minutes * 60_000
    const work = async (agent: number): Promise<void> => {
      await pause(random.below(EVERY))
      while (performance.now() < end) {
        const path = random.one(paths)
        const line = random.below(5) === 0 ? `shared ${random.below(SHARED)}` : `agent ${agent}`
        // Of a shared line two change it in the same moment, or this one alone.
        const others = line.startsWith('shared') ? [agent, (agent + 1 + random.below(agents - 1)) % agents] : [agent]
        const now = performance.now()
        for (const who of others) {
          const key = `${who} ${path} ${line}`
          if (now - (touched.get(key) ?? -Infinity) < LEAVE_ALONE) continue
          if (line.startsWith('shared')) touched.set(key, now)
          edit(who, path, line)
        }
        await pause(EVERY)
      }
    }
    const progress = setInterval(() => process.stderr.write(`${markers.length} edits\n`), 30_000)
    await Promise.all(dirs.map((_, agent) => work(agent)))
    clearInterval(progress)
    const equal = await settled([workspace, ...dirs], paths)
    await lab.run('server', 'stop', '--workspace', workspace, '--json')
    const { kept, conflicts } = await readStore(workspace)
    const final = await Promise.all(paths.map((path) => readFile(join(workspace, path), 'utf8')))
    const lost = markers.filter((marker) => !kept.has(marker)).length
    const doubled = markers.filter((marker) => final.some((text) => text.split(marker).length > 2)).length
    const due = overlaps(shared)
    const isMet = lost === 0 && doubled === 0 && equal && conflicts === due
    return {
      title: `${agents} agents at work`,
      method:
        `${agents} agents, each a process with a folder of its own, and the served folder; each edits every ${EVERY / 1000} s for ${minutes} min ` +
        `(seed ${seed}), whole files in place, in a tree of ${FILES}: lines of its own, and one time in five a line that all share, half of ` +
        'the time together with another agent in the same moment. Every edit is a marker of its own. Due is one conflict for each ' +
        'change of a shared line beyond the first by those who saw the same in it.',
      columns: ['edits', 'lost', 'doubled', 'conflicts', 'conflicts due', 'folders equal', 'target'],
      rows: [
        [...[markers.length, lost, doubled, conflicts, due].map(String), equal ? 'yes' : '**no**', verdict(isMet)],
      ],
    }
  } finally {
    await lab.close()
  }
}

function startText(agents: number): string {
  const lines = [
    ...Array.from({ length: agents }, (_, agent) => `agent ${agent}`),
    ...Array.from({ length: SHARED }, (_, line) => `shared ${line}`),
  ]
  return lines.map((line) => `${line}: -\nbelow ${line}\nfurther below ${line}\n`).join('')
}

/** Of those who saw the same in one line one can have changed it, the others did not know of that. */
function overlaps(edits: readonly SharedEdit[]): number {
  const who = new Map<string, number>()
  for (const { line, saw } of edits) who.set(`${line} ${saw}`, (who.get(`${line} ${saw}`) ?? 0) + 1)
  return [...who.values()].reduce((sum, count) => sum + count - 1, 0)
}

async function settled(dirs: readonly string[], paths: readonly string[]): Promise<boolean> {
  const isEqual = async (): Promise<boolean> => {
    for (const path of paths) {
      const texts = await Promise.all(dirs.map((dir) => readFile(join(dir, path), 'utf8')))
      if (texts.some((text) => text !== texts[0])) return false
    }
    return true
  }
  for (const start = performance.now(); performance.now() - start < SETTLED_AFTER; await pause(500)) {
    if (!(await isEqual())) continue
    await pause(2000)
    if (await isEqual()) return true
  }
  return false
}

/** The markers of every text that ever was, and of what conflicts hold, of a server that has stopped. */
async function readStore(workspace: string): Promise<{ readonly kept: Set<string>; readonly conflicts: number }> {
  const storage = await openEmbeddedStorage({ dir: join(workspace, '.ensemble') })
  try {
    const journal = new FileJournal(storage)
    const kept = new Set<string>()
    const keep = (text: string): void => {
      for (const [marker] of text.matchAll(/<\d+>/g)) kept.add(marker)
    }
    for (const { value } of storage.range(rowsUnder(['revision']))) {
      const { fileId, rev } = stored<RevisionEntry>(value)
      keep(journal.text(fileId, rev) ?? '')
    }
    const conflicts = [...storage.range(rowsUnder(['conflict']))].map(({ value }) => stored<Conflict>(value))
    keep(JSON.stringify(conflicts))
    return { kept, conflicts: conflicts.length }
  } finally {
    await storage.close()
  }
}
