/**
 * `npm run bench [-- NAME…]`: measures all, or what is named; prints it, and puts each section into test/bench/RESULTS.md
 * as soon as it is measured. All of it takes some minutes and wants the machine for itself. Ends with 1 where one broke.
 */
import { readFile } from 'node:fs/promises'
import { crashes } from './crashes.js'
import { dashboard } from './dashboard.js'
import { day } from './day.js'
import { durability } from './durability.js'
import { events } from './events.js'
import { machine, type Section } from './figures.js'
import { folders } from './folders.js'
import { writeSection } from './results.js'
import { locks } from './locks.js'
import { runToResults } from './run-to-results.js'
import { sockets } from './sockets.js'
import { workspace } from './workspace.js'

const benches: Readonly<Record<string, () => Promise<Section>>> = {
  folders,
  sockets,
  events,
  locks,
  day,
  workspace,
  crashes,
  durability,
  dashboard,
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  process.stderr.write(`No benchmark is named ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.\n`)
  process.exit(2)
}

if (wanted.length === 0) await writeSection(await preface())
const chosen = Object.entries(benches).filter(([name]) => wanted.length === 0 || wanted.includes(name))
process.exitCode = await runToResults(new Map(chosen.map(([name, measure]) => [name, { measure }])))

async function preface(): Promise<string> {
  const lock = JSON.parse(await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const version = (name: string): string => `${name} ${lock.packages[`node_modules/${name}`]?.version ?? '?'}`
  const versions = ['yjs', 'ws', 'lmdb', 'y-websocket'].map(version).join(', ')
  return [
    '# Results',
    '',
    'Written by `npm run bench`, `npm run bench:sync`, `npm run bench:bridge` and `npm run bench:merge`; each section says when it was measured.',
    '',
    `- Machine: ${machine()}`,
    `- Versions: ${versions}`,
    '',
  ].join('\n')
}
