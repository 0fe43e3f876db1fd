/**
 * Looks at a database file before it is opened here. lmdb maps the file and trusts it: a page beyond the end of a cut
 * file ends the process with SIGBUS, a damaged one with SIGSEGV or an abort. So a child process goes first: it counts all rows
 * by walking every page of the tree, compares with the count the tree states, and of a small database reads every row.
 *
 * What it can't see: damage inside of a value, and in pages that hold nothing.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'

/** Above so many rows they are only counted (4 million in 0.2 s): reading them would take a microsecond each. */
const READ_ROWS = 20_000

/** A damaged tree may lead in circles. In milliseconds; reading a slow disk takes its time, too. */
const PROBE_PATIENCE_MS = 30_000
const PROBE_PATIENCE_PER_MB_MS = 100

/** Plain CommonJS in a string, because it must start quickly, and be found whether or not this file was compiled. */
const PROBE = `
const [lmdb, path] = process.argv.slice(1)
const { open } = require(lmdb)
const database = open({ path, noSubdir: true, readOnly: true, keyEncoding: 'binary', encoding: 'binary' })
const stated = database.getStats().entryCount
const counted = database.getKeysCount()
if (counted !== stated) throw new Error('it states ' + stated + ' rows and holds ' + counted)
if (counted <= ${READ_ROWS}) {
  let before
  for (const { key } of database.getRange()) {
    if (before && Buffer.compare(before, key) >= 0) throw new Error('its keys are out of order')
    before = Buffer.from(key)
  }
}
process.exit(0)
`

/** Resolves when the file can be opened. Throws E_STORAGE_DAMAGED or E_STORAGE_VERSION otherwise, having only read it. */
export async function probeDatabase(file: string, bytes: number): Promise<void> {
  const trouble = await runProbe(file, PROBE_PATIENCE_MS + Math.ceil(bytes / 1e6) * PROBE_PATIENCE_PER_MB_MS)
  if (trouble === undefined) return
  if (trouble.includes('MDB_VERSION_MISMATCH')) {
    throw new EnsembleError('E_STORAGE_VERSION', `The database ${file} was written by another version of lmdb.`, {
      hint: 'Use the Ensemble that wrote it; nothing was changed.',
      data: { file },
    })
  }
  throw damaged(file, trouble)
}

export function damaged(file: string, trouble: string): EnsembleError {
  return new EnsembleError('E_STORAGE_DAMAGED', `The database ${file} is damaged: ${trouble}. It was left as it is.`, {
    hint:
      `Put a copy of it in its place if you have one. Otherwise move the folder ${dirname(file)} away and start again: the ` +
      `files of the workspace are then taken as they are on disk, and history, tasks and conflicts begin anew.`,
    data: { file, trouble },
  })
}

/** What is wrong with the file, in words; undefined when nothing is. */
function runProbe(file: string, patience: number): Promise<string | undefined> {
  const lmdb = createRequire(import.meta.url).resolve('lmdb')
  const { NODE_OPTIONS: _, ...env } = process.env // loaders and inspectors of this process are not for the child
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--eval', PROBE, lmdb, file], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: patience,
      killSignal: 'SIGKILL',
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4_096)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined)
      else if (signal === 'SIGKILL') resolve(`reading it did not end within ${Math.round(patience / 1_000)} seconds`)
      else if (signal) resolve(`reading it ended a process with ${signal}`)
      else resolve(/^(?:\w*Error|Error): (.*)$/m.exec(said)?.[1] ?? `reading it ended a process with code ${code ?? 0}`)
    })
  })
}
