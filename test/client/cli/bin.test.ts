import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('../../../client/cli/ensemble.js', import.meta.url))

it('the program can be run as it stands in a checkout', () => {
  expect(statSync(BIN).mode & 0o111).not.toBe(0)
})

it('in a checkout that is not built it says how to build', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ensemble-bin-'))
  mkdirSync(join(dir, 'client', 'cli'), { recursive: true })
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
  copyFileSync(BIN, join(dir, 'client', 'cli', 'ensemble.js'))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(dir, 'client', 'cli', 'ensemble.js'), 'status'],
    {
      encoding: 'utf8',
    },
  )
  rmSync(dir, { recursive: true })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain('error: Ensemble is not built in this checkout\n')
  expect(stderr).toContain('  try   npm ci && npm run build\n')
})
