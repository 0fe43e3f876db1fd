#!/usr/bin/env node
/** What `ensemble` runs: the built command line, or a word on how to build it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = new URL('../../dist/client/cli/main.js', import.meta.url)

if (existsSync(built)) {
  await import(built.href)
} else {
  process.stderr.write(
    [
      'error: Ensemble is not built in this checkout',
      `  ${fileURLToPath(built)} is missing.`,
      '  try   npm ci && npm run build',
      '  code  E_USAGE, exit 2',
      '',
    ].join('\n'),
  )
  process.exitCode = 2
}
