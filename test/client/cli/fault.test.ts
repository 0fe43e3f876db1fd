import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EnsembleError, ERRORS, isErrorCode } from '../../../protocol/errors.js'
import { plain } from '../../../client/cli/colour.js'
import { EXIT, exitCodeOf, faultObject, renderFault } from '../../../client/cli/fault.js'

describe('an error on the terminal', () => {
  it('says what happened, explains, gives the next command, its code and its exit code', () => {
    const error = new EnsembleError(
      'E_UNREACHABLE',
      'No server answers at http://127.0.0.1:9999. It was there before.',
      {
        hint: 'Start one.',
        data: { try: 'ensemble server start DIR' },
      },
    )
    expect(renderFault(error, plain).split('\n')).toEqual([
      'error: No server answers at http://127.0.0.1:9999',
      '  It was there before.',
      '  Start one.',
      '  try   ensemble server start DIR',
      '  code  E_UNREACHABLE, exit 4',
    ])
  })

  it('names the command as it was called, so that it can be copied', () => {
    const error = new EnsembleError('E_UNREACHABLE', 'None runs.', { data: { try: 'ensemble server start DIR' } })
    expect(renderFault(error, plain, { command: 'npx ensemble' })).toContain(
      '\n  try   npx ensemble server start DIR\n',
    )
  })

  it('takes the command out of a hint that quotes one', () => {
    const error = new EnsembleError('E_INTERNAL', 'It failed.', { hint: 'More is told by "ensemble server status".' })
    expect(renderFault(error, plain)).toContain('\n  try   ensemble server status\n')
  })

  it('lists the details that it carries', () => {
    const error = new EnsembleError('E_USAGE', 'Two run.', { data: { details: ['http://a', 'http://b'] } })
    expect(renderFault(error, plain)).toContain('\n    http://a\n    http://b\n')
  })

  it('is one object for programs, with the same code and exit code', () => {
    const error = new EnsembleError('E_AGENT_TAKEN', 'Taken.', {
      hint: 'Choose another.',
      data: { agentId: 'CLAUDE-a' },
    })
    expect(faultObject(error)).toEqual({
      schema: 'ensemble.error/1',
      code: 'E_AGENT_TAKEN',
      message: 'Taken.',
      hint: 'Choose another.',
      retry: false,
      exit: 3,
      data: { agentId: 'CLAUDE-a' },
    })
  })
})

describe('[CLI-3] exit codes', () => {
  it.each([
    ['E_WORKSPACE', 1],
    ['E_STORAGE_DAMAGED', 1],
    ['E_USAGE', 2],
    ['E_UNAUTHORIZED', 3],
    ['E_WORKSPACE_BUSY', 3],
    ['E_UNREACHABLE', 4],
    ['E_TIMEOUT', 5],
  ] as const)('of %s is %d', (code, exit) => {
    expect(exitCodeOf(code)).toBe(exit)
  })

  it('of every error there is stands in the table of SPEC.md', () => {
    const spec = readFileSync(join(import.meta.dirname, '../../../protocol/SPEC.md'), 'utf8')
    const table = /^\| Exit \|[^]*?\n\n/m.exec(spec)?.[0] ?? ''
    const listed = [...table.matchAll(/^\| (\d+) +\|/gm)].map(([, exit]) => Number(exit))
    expect(Object.values(EXIT)).toEqual(listed)
    for (const code of Object.keys(ERRORS)) {
      const exit = isErrorCode(code) ? exitCodeOf(code) : undefined
      expect([EXIT.failed, EXIT.usage, EXIT.refused, EXIT.unreachable, EXIT.timeout]).toContain(exit)
    }
  })
})
