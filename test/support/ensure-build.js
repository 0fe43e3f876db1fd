/**
 * Builds unless dist/ is newer than every source, so that `npm ci && npm test` builds once (`npm ci` has just built).
 * Tests that start real processes run what stands in dist/.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Output → sources that it is made of. */
const OUTPUTS = {
  'dist/.tsbuildinfo': [
    'protocol',
    'server',
    'client',
    'test/bench',
    'test/support',
    'tsconfig.json',
    'tsconfig.build.json',
  ],
  'dist/dashboard/index.html': ['dashboard', 'protocol', 'client/sdk'],
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** The last change below a path; a folder's own time tells of files that were added or removed. */
function lastChange(path) {
  const own = changedAt(path)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return own
  return Math.max(own, ...readdirSync(path).map((name) => lastChange(join(path, name))))
}

const stale = Object.entries(OUTPUTS).some(
  ([output, sources]) => changedAt(output) <= Math.max(...[...sources, 'package-lock.json'].map(lastChange)),
)
if (stale) {
  process.exitCode = spawnSync('npm', ['run', 'build'], { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
}
