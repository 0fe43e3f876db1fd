/** kill -9 of the server or of a bridge at random moments during load: what was lost, what came twice. */
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { randomFrom, type Random } from '../support/random.js'
import type { Section } from './figures.js'
import { kill, Lab, type AgentInfo, type ServerInfo } from './processes.js'
import { makeTree } from './trees.js'

const KILLS = 200
const AGENTS = 3
/** Longest time between two kills, in milliseconds. */
const LONGEST_LIFE = 400
/**
 * Between two lines of an agent, in milliseconds. Faster than the machine can carry them everywhere they would only pile up,
 * and the kills would hit nothing but starts that have to work them off.
 */
const PAUSE = { least: 20, range: 160 }
/** In milliseconds; what takes longer is broken. */
const LONGEST_START = 60_000
const SETTLED_AFTER = 60_000

interface Agent {
  readonly name: string
  readonly dir: string
  info: AgentInfo
}

export async function crashes(seed = 1): Promise<Section> {
  const random = randomFrom(seed)
  const lab = await Lab.make()
  const stop = new AbortController()
  try {
    const workspace = await lab.folder('workspace')
    const paths = await makeTree(workspace, 40, 2_000)
    let server = await lab.server(workspace)
    const port = Number(new URL(server.url).port)
    const agents: Agent[] = []
    for (let i = 0; i < AGENTS; i++) {
      const dir = await lab.folder(`copy-${i}`)
      agents.push({ name: `agent${i}`, dir, info: await lab.agent('CLAUDE', `agent${i}`, dir, server) })
    }
    const markers: string[] = []
    const writers = agents.map(async ({ dir, name }) => {
      for (let i = 0; !stop.signal.aborted; i++) {
        const marker = `<${name}:${i}>`
        const file = join(dir, random.one(paths))
        markers.push(marker)
        await appendFile(file, `// ${marker}\n`)
        await pause(PAUSE.least + random.next() * PAUSE.range)
      }
    })
    const written = Promise.all(writers)
    written.catch(() => undefined) // told below, unless a start has failed first
    for (let killed = 0; killed < KILLS; killed++) {
      await pause(random.next() * LONGEST_LIFE)
      server = await within(LONGEST_START, `start ${killed + 1}`, crash(lab, server, agents, workspace, port, random))
      if ((killed + 1) % 10 === 0) progress(`${killed + 1} of ${KILLS} kills, ${markers.length} markers`)
    }
    stop.abort()
    await written
    const dirs = [workspace, ...agents.map(({ dir }) => dir)]
    progress('waiting until all folders are equal')
    const equal = await settle(dirs, paths)
    const texts = (await Promise.all(paths.map((path) => readFile(join(workspace, path), 'utf8')))).join('')
    const { held } = await conflicts(lab, server)
    const inFiles = markersIn(texts)
    const inConflicts = markersIn(held)
    const missing = markers.filter((marker) => !inFiles.has(marker))
    const lost = missing.filter((marker) => !inConflicts.has(marker)).length
    const doubled = markers.filter((marker) => (inFiles.get(marker) ?? 0) > 1).length
    return {
      title: 'kill -9 during load',
      method:
        `${AGENTS} agents append a line with a marker of its own to files of a tree of ${paths.length}, every ${PAUSE.least}–${PAUSE.least + PAUSE.range} ms, ` +
        `while the server or one of the bridges is killed ${KILLS} times (seed ${seed}), at most ${LONGEST_LIFE} ms apart, and started again. ` +
        'Afterwards all folders must be equal, and each marker must be in its file, or in a conflict record, once.',
      columns: ['kills', 'markers written', 'lost', 'doubled', 'held in conflicts', 'folders equal'],
      rows: [
        [
          String(KILLS),
          String(markers.length),
          String(lost),
          String(doubled),
          String(missing.length - lost),
          equal ? 'yes' : '**no**',
        ],
      ],
    }
  } finally {
    stop.abort()
    await lab.close()
  }
}

/** How often each marker stands in a text. One pass: there are tens of thousands of them, in megabytes. */
function markersIn(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [marker] of text.matchAll(/<agent\d+:\d+>/g)) counts.set(marker, (counts.get(marker) ?? 0) + 1)
  return counts
}

function progress(what: string): void {
  process.stderr.write(`  ${what}\n`)
}

async function within<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds / 1000} s.`)), milliseconds)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Kills the server (one time in three) or an agent's bridge, and starts it again. */
async function crash(
  lab: Lab,
  server: ServerInfo,
  agents: readonly Agent[],
  workspace: string,
  port: number,
  random: Random,
): Promise<ServerInfo> {
  const victim = random.one(agents)
  if (random.next() < 1 / 3) {
    kill(server.pid, 'SIGKILL')
    return await lab.server(workspace, port)
  }
  kill(victim.info.pid, 'SIGKILL')
  victim.info = await lab.agent('CLAUDE', victim.name, victim.dir, server)
  return server
}

async function settle(dirs: readonly string[], paths: readonly string[]): Promise<boolean> {
  for (const start = performance.now(); performance.now() - start < SETTLED_AFTER;) {
    if (await allEqual(dirs, paths)) {
      await pause(500)
      if (await allEqual(dirs, paths)) return true
    }
    await pause(100)
  }
  return false
}

async function allEqual(dirs: readonly string[], paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    const texts = await Promise.all(dirs.map((dir) => readFile(join(dir, path), 'utf8').catch(() => undefined))) // may be on its way
    if (texts.some((text) => text === undefined || text !== texts[0])) return false
  }
  return true
}

async function conflicts(lab: Lab, { url, tokenFile }: ServerInfo): Promise<{ readonly held: string }> {
  return { held: JSON.stringify(await lab.run('conflicts', '--json', '--url', url, '--token-file', tokenFile)) }
}
