/**
 * `npm run bench:bridge -- NAME [options]`: what the bridge promises, at length. Prints its section for RESULTS.md.
 *
 *   kills   --runs 1000 --seed 1     random work with bridges and servers killed at any step: BRIDGE-1, BRIDGE-2
 *   writes  --rounds 1000            two writes 3, 10 and 45 ms apart: is the second ever missed
 *   agents  --minutes 10 --agents 10 agents in folders of their own, 30 edits a minute each, on one tree
 */
import { parseArgs } from 'node:util'
import { bridgeAgents } from './bridge-agents.js'
import { bridgeKills } from './bridge-kills.js'
import { bridgeWrites } from './bridge-writes.js'
import { markdown, type Section } from './figures.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '10' },
    agents: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
})
const [runs, rounds, minutes, agents, seed] = [
  values.runs,
  values.rounds,
  values.minutes,
  values.agents,
  values.seed,
].map(Number) as [number, number, number, number, number]
if ([runs, rounds, minutes, agents, seed].some((value) => !(value > 0))) {
  process.stderr.write('--runs, --rounds, --minutes, --agents and --seed are numbers above 0.\n')
  process.exit(2)
}
const benches: Readonly<Record<string, () => Promise<Section>>> = {
  kills: () => bridgeKills(runs, seed),
  writes: () => bridgeWrites(rounds),
  agents: () => bridgeAgents(agents, minutes, seed),
}
const [name = ''] = positionals
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
if (bench === undefined || positionals.length > 1) {
  process.stderr.write(`One of these is to be named: ${Object.keys(benches).join(', ')}.\n`)
  process.exit(2)
}
process.stdout.write(markdown(await bench()))
