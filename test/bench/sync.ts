/**
 * `npm run bench:sync [-- NAME… --kills 1000]`: the server side by side with y-websocket 2.1 and Hocuspocus 3.4 under the same load; all
 * scenarios, or those named. Prints each section, and puts it into test/bench/RESULTS.md as soon as it is measured.
 */
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { circumstances, markdown, type Section } from './figures.js'
import { writeSection } from './results.js'
import { awareness } from './sync-awareness.js'
import { commit } from './sync-commit.js'
import { burst, fifty, many, readers } from './sync-flows.js'
import { joiners } from './sync-joiners.js'
import { kills } from './sync-kills.js'
import { stalled } from './sync-stalled.js'

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: 'string', default: '1000' } },
})
const killCount = Number(values.kills)
if (!Number.isInteger(killCount) || killCount < 2) refuse('--kills is a whole number above 1.')

const scenarios: Readonly<Record<string, () => Promise<Section>>> = {
  fifty,
  readers,
  many,
  burst,
  joiners,
  stalled,
  awareness,
  commit,
  kills: () => kills(killCount),
}
const unknown = wanted.filter((name) => !Object.hasOwn(scenarios, name))
if (unknown.length > 0)
  refuse(`No scenario is named ${unknown.join(', ')}. There are: ${Object.keys(scenarios).join(', ')}.`)
const filesystem = execFileSync('df', ['--output=fstype', tmpdir()], { encoding: 'utf8' }).trim().split('\n').at(-1)
if (filesystem === 'tmpfs')
  refuse(`${tmpdir()} is no disk, and durability costs nothing there: set TMPDIR to a folder on one.`)

for (const [name, measure] of Object.entries(scenarios)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  process.stderr.write(`${name} …\n`)
  const section = markdown(await measure(), circumstances())
  process.stdout.write(`${section}\n`)
  await writeSection(section)
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
