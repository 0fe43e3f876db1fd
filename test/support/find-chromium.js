/**
 * Finds a Chromium for the browser tests, or gets one. Plain JavaScript: it runs before anything is built.
 *
 * `node test/support/find-chromium.js` says in one line what it found or installed; it fails where neither worked.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const MAC_APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
/** In milliseconds. A cold start from a slow disk takes seconds; a stub that waits for somebody takes for ever. */
const VERSION_TIMEOUT = 30_000

/** Chromium's own words about its version, or undefined: it is missing, a stub, or lacks a library. */
function versionOf(path) {
  const run = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return run.status === 0 ? run.stdout.trim() : undefined
}

function candidates() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/snap/bin'].filter(
    (folder) => folder !== '',
  )
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return [...new Set([...onPath, ...MAC_APPLICATIONS, chromium.executablePath()])].filter((path) => existsSync(path))
}

/**
 * The Chromium to test with, looked for in CHROMIUM_PATH, then the system, then Playwright's own folder.
 *
 * @returns {{ path: string, version: string } | undefined}
 * @throws Error where CHROMIUM_PATH names something that does not run
 */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH
  if (named !== undefined && named !== '') {
    const version = versionOf(named)
    if (version === undefined)
      throw new Error(`CHROMIUM_PATH is ${named}, which does not run. Correct it, or unset it.`)
    return { path: named, version }
  }
  for (const path of candidates()) {
    const version = versionOf(path)
    if (version !== undefined) return { path, version }
  }
  return undefined
}

/** Runs a command with its output on standard error; says whether it succeeded. */
function run(command, ...parameters) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, parameters, { stdio: ['ignore', 2, 2], env }).status === 0
}

function onPath(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Every way that this machine offers to get a Chromium, the one that needs least first. */
function installations() {
  const ways = []
  if (process.platform === 'linux' && process.getuid?.() === 0 && onPath('apt-get')) {
    ways.push({
      name: 'the package `chromium`',
      install: () =>
        run('apt-get', 'update', '-qq') &&
        run('apt-get', 'install', '-qq', '-y', '--no-install-recommends', 'chromium'),
    })
  }
  ways.push({
    name: "Playwright's own Chromium",
    install: () => run(process.execPath, join('node_modules', 'playwright-core', 'cli.js'), 'install', 'chromium'),
  })
  return ways
}

function main() {
  const present = findChromium()
  if (present !== undefined) {
    console.log(`Browser tests use ${present.path} (${present.version}).`)
    return
  }
  const tried = []
  for (const way of installations()) {
    tried.push(way.name)
    const installed = way.install() ? findChromium() : undefined
    if (installed !== undefined) {
      console.log(`Browser tests use ${installed.path} (${installed.version}), just installed: ${way.name}.`)
      return
    }
  }
  throw new Error(
    `The browser tests need a Chromium. None was found, and installing ${tried.join(' and ')} did not work (see above). ` +
      'Install Chromium or Google Chrome, or set CHROMIUM_PATH to one that starts. ' +
      'If one is there but lacks libraries, run `npx playwright-core install-deps chromium` as root.',
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    main()
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
