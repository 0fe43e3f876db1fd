/**
 * `npm run bench:sync [-- NAME… --kills 1000]`: the server side by side with y-websocket 2.1 and Hocuspocus 3.4 under the same load; all
 * scenarios, or those named. Prints each section, and puts it into test/bench/RESULTS.md as soon as it is measured. Ends with 1
 * where one broke; the others are measured all the same.
 */
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Bench } from './run.js'
import { runToResults } from './run-to-results.js'
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

const scenarios: ReadonlyMap<string, Bench> = new Map<string, Bench>([
  ['fifty', { measure: fifty, minutes: 5 }],
  ['readers', { measure: readers, minutes: 5 }],
  ['many', { measure: many, minutes: 5 }],
  ['burst', { measure: burst, minutes: 2 }],
  ['joiners', { measure: joiners, minutes: 2 }],
  ['stalled', { measure: stalled, minutes: 2 }],
  ['awareness', { measure: awareness, minutes: 3 }],
  ['commit', { measure: commit, minutes: 4 }],
  ['kills', { measure: () => kills(killCount), minutes: 1 + killCount / 80 }],
])
const unknown = wanted.filter((name) => !scenarios.has(name))
if (unknown.length > 0)
  refuse(`No scenario is named ${unknown.join(', ')}. There are: ${[...scenarios.keys()].join(', ')}.`)
const filesystem = execFileSync('df', ['--output=fstype', tmpdir()], { encoding: 'utf8' }).trim().split('\n').at(-1)
if (filesystem === 'tmpfs')
  refuse(`${tmpdir()} is no disk, and durability costs nothing there: set TMPDIR to a folder on one.`)

const chosen = [...scenarios].filter(([name]) => wanted.length === 0 || wanted.includes(name))
process.exitCode = await runToResults(new Map(chosen))

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
