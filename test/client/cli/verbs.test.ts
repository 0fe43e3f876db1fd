import { describe, expect, it } from 'vitest'
import { complete as completeWith, HELP, readLine as readWith } from '../../../client/cli/live/verbs.js'
import { sessionVerbs } from '../../../client/cli/session-program.js'

const readLine = (line: string) => readWith(line, sessionVerbs.names)
const complete = (line: string) => completeWith(line, sessionVerbs)
const command = (...args: string[]) => ({ verb: 'command', args })

describe('a line of a live session', () => {
  it.each([
    ['status', { verb: 'status' }],
    ['  AGENTS ', { verb: 'agents' }],
    ['?', { verb: 'help' }],
    ['quit', { verb: 'leave' }],
    ['exit', { verb: 'leave' }],
    ['resume', { verb: 'resume', choice: null }],
    ['resume restore', { verb: 'resume', choice: 'restore' }],
    ['resume accept', { verb: 'resume', choice: 'accept' }],
    ['{"verb":"resume","choice":"delete"}', { verb: 'resume', choice: 'delete' }],
    ['{"verb":"conflicts"}', command('conflicts')],
    ['{"verb":"tasks","args":["claim","a b"]}', command('tasks', 'claim', 'a b')],
    ['Conflicts show 3f2a --json', command('conflicts', 'show', '3f2a', '--json')],
    [`new --title "a \\"b\\" c" --subtask 'd e'`, command('new', '--title', 'a "b" c', '--subtask', 'd e')],
  ])('%s', (line, verb) => {
    expect(readLine(line)).toEqual({ kind: 'verb', verb })
  })

  it('may carry an id, for the answer, also where it is no verb', () => {
    expect(readLine('{"id":7,"verb":"status"}')).toEqual({ kind: 'verb', verb: { verb: 'status' }, id: 7 })
    expect(readLine('{"id":"a","verb":"frob"}')).toMatchObject({ kind: 'fault', id: 'a' })
  })

  it('that is no verb is told in short, however long it is', () => {
    const reading = readLine('x'.repeat(200_000))
    expect(reading).toMatchObject({ kind: 'fault', message: `There is no "${'x'.repeat(39)}…" here.` })
    expect(readLine(`resume ${'é'.repeat(100)}`)).toMatchObject({ message: `"${'é'.repeat(39)}…" is no way to go on.` })
  })

  it('that is empty means nothing', () => {
    expect(readLine('   ')).toEqual({ kind: 'empty' })
  })

  it.each([
    ['agnets', 'Did you mean "agents"?'],
    ['frobnicate', '"help" lists what there is.'],
    ['status now', 'Type just "status".'],
    ['resume everything', 'It is "resume delete", "resume accept" or "resume restore".'],
    ['{"verb":', 'It reads {"verb":"status"}.'],
    ['{"verb":3}', 'It reads {"verb":"status"}.'],
  ])('%s is refused with a way on', (line, hint) => {
    expect(readLine(line)).toMatchObject({ kind: 'fault', hint })
  })

  it('every verb of the help can be typed', () => {
    for (const [verb] of HELP) expect(readLine(verb).kind).toBe('verb')
  })

  it('Tab completes to every verb that begins so', () => {
    expect(complete('resume ')).toEqual(['resume delete', 'resume accept', 'resume restore'])
    expect(complete('conf')).toEqual(['conflicts'])
    expect(complete('conflicts re')).toEqual(['conflicts resolve'])
    expect(complete('new --mode P')).toEqual(['new --mode PAR-MULTI'])
    expect(complete('serv')).toEqual([])
  })
})
