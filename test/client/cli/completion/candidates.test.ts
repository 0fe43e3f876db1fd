import { expect, test } from 'vitest'
import { candidates } from '../../../../client/cli/completion/candidates.js'
import { buildProgram } from '../../../../client/cli/program.js'

const program = buildProgram({ run: () => Promise.resolve(), writeHelp: () => undefined })
const at = (...words: string[]) => candidates(program, words)

test('verbs, and the verbs below them', () => {
  expect(at('').words).toEqual(expect.arrayContaining(['server', 'connect', 'status', 'conflicts', 'completion']))
  expect(at('').words).not.toContain('complete')
  expect(at('server', '').words).toEqual(['start', 'stop', 'status'])
  expect(at('completion', 'z').words).toEqual(['bash', 'zsh', 'fish', 'powershell'])
})

test('options, the global ones too', () => {
  expect(at('server', 'start', '--').words).toEqual(expect.arrayContaining(['--port', '--background', '--color']))
  expect(at('status', '--').words).not.toContain('--port')
})

test('the choices of an option', () => {
  expect(at('new', '--mode', '').words).toEqual(['SOLO', 'PAR-MULTI', 'GCC-RT'])
})

test.each([
  [['log', ''], 'paths'],
  [['blame', 'src/'], 'paths'],
  [['conflicts', 'list', '--path', ''], 'paths'],
  [['conflicts', 'show', ''], 'conflicts'],
  [['conflicts', 'resolve', '--ours', ''], 'conflicts'],
  [['revert', '--agent', ''], 'agents'],
  [['assign', '--instance', ''], 'instances'],
  [['assign', '--task', ''], 'tasks'],
  [['connect', '--agent', ''], 'types'],
  [['connect', '--dir', '../'], 'disk'],
  [['status', ''], null],
] as const)('%j completes %s', (words, source) => {
  expect(at(...words).source).toBe(source)
})
