import { CommanderError, type Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { buildProgram, failureExit, type GlobalOptions } from '../../../client/cli/program.js'
import { usageError } from '../../../client/cli/usage.js'

/** Parses without running anything. */
async function parse(args: readonly string[]) {
  let options: (GlobalOptions & { json?: boolean }) | undefined
  let help = ''
  const program = buildProgram({
    run: async (_, given) => {
      options = given
      return Promise.resolve()
    },
    writeHelp: (text) => (help += text),
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return { options, help, error: undefined }
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    return { options, help, error: thrown.exitCode === 0 ? undefined : usageError(thrown, args) }
  }
}

function leaves(command: Command, way: string[] = []): string[][] {
  if (command.commands.length === 0) return [way]
  return command.commands.flatMap((inner) => leaves(inner, [...way, inner.name()]))
}

const verbs = leaves(buildProgram({ run: () => Promise.resolve(), writeHelp: () => undefined }))

describe('the command line', () => {
  it('has these verbs', () => {
    expect(verbs.map((way) => way.join(' '))).toEqual([
      'server start',
      'server stop',
      'server status',
      'connect',
      'disconnect',
      'resume',
      'status',
      'dashboard',
      'conflicts list',
      'conflicts show',
      'conflicts resolve',
      'conflicts materialize',
      'events',
      'broadcast',
      'ack',
      'inbox',
      'presence',
      'log',
      'show',
      'blame',
      'trace',
      'revert',
      'undo',
      'lock acquire',
      'lock release',
      'lock renew',
      'lock list',
      'lock break',
      'new',
      'assign',
      'tasks list',
      'tasks show',
      'tasks claim',
      'tasks start',
      'tasks review',
      'tasks done',
      'tasks reopen',
      'tasks progress',
      'tasks depend',
      'tasks halt',
      'tasks resume',
      'tasks complete',
      'context get',
      'context add',
      'merge-file',
      'init',
      'completion',
      'complete',
      'demo',
    ])
  })

  it.each(verbs.map((way) => [way.join(' '), way] as const))(
    '%s has help with an example of its own',
    async (name, way) => {
      const { help, error } = await parse([...way, '--help'])
      expect(error).toBeUndefined()
      expect(help).toContain(`Example:\n  ensemble ${name}`)
    },
  )

  it.each([
    ['', 'ensemble server start '],
    ['server', 'ensemble server status'],
    ['conflicts', 'ensemble conflicts'],
  ])('so has "%s" by itself', async (name, line) => {
    const { help } = await parse([...name.split(' ').filter(Boolean), '--help'])
    expect(help).toContain(`Example:\n  ${line}`)
  })

  it('shows in the help of a verb what it cannot do without, and what all verbs take', async () => {
    const { help } = await parse(['connect', '--help'])
    expect(help).toMatch(/^Usage: ensemble connect --agent <TYPE> --instance <name> \[options\]\n/)
    expect(help).toMatch(/Global Options:\n[^]*--quiet[^]*--no-input/)
  })

  it('[MERGE-9] ends a merge-file that fails with 255: to git, less is a number of conflicts', () => {
    expect(failureExit('merge-file')).toBe(255)
    expect(failureExit('status')).toBeUndefined()
  })

  it('gathers the labels of merge-file', async () => {
    const { options } = await parse(['merge-file', '-q', '-L', 'mine', '-L', 'base', '-p', 'a', 'b', 'c'])
    expect(options).toMatchObject({ quiet: true, label: ['mine', 'base'], stdout: true })
  })

  it('prints its version', async () => {
    expect((await parse(['--version'])).help).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('takes common options before and after the verb', async () => {
    expect((await parse(['--color', 'never', 'status', '--json'])).options).toMatchObject({
      color: 'never',
      json: true,
      input: true,
    })
    expect((await parse(['status', '-q', '--no-input'])).options).toMatchObject({
      color: 'auto',
      quiet: true,
      input: false,
    })
  })

  it.each([
    ['stat', "Unknown command 'stat'.", 'Did you mean status?', 'ensemble --help'],
    ['server strat', "Unknown command 'strat'.", 'Did you mean start?', 'ensemble server --help'],
    ['status --jsno', "Unknown option '--jsno'.", 'Did you mean --json?', 'ensemble status --help'],
  ])('%s is answered with what was meant', async (line, message, hint, help) => {
    expect((await parse(line.split(' '))).error).toMatchObject({ code: 'E_USAGE', message, hint, data: { try: help } })
  })

  it.each([
    ['', 'No command was given.', 'ensemble --help'],
    ['server', '"ensemble server" needs a command.', 'ensemble server --help'],
    ['connect --agent CLAUDE', "Required option '--instance <name>' not specified.", 'ensemble connect --help'],
    [
      'connect --agent claude --instance a',
      "argument 'claude' is invalid. Types are written in capitals: CLAUDE.",
      'ensemble connect --help',
    ],
    ['connect --agent 1X --instance a', 'It reads CLAUDE, CODEX or GEMINI', 'ensemble connect --help'],
    ['connect --agent CLAUDE --instance .a', 'A name has 1 to 64 letters', 'ensemble connect --help'],
    ['connect --agent CLAUDE --instance a --partition ../b', 'it has a segment ".."', 'ensemble connect --help'],
    ['server start --port 65536', 'A port is a number from 0 to 65535', 'ensemble server start --help'],
    ['server start --port 80a', 'A port is a number from 0 to 65535', 'ensemble server start --help'],
    ['server start a b', 'Too many arguments', 'ensemble server start --help'],
    ['tasks frob', "Unknown command 'frob'.", 'ensemble tasks --help'],
    ['conflicts --all frob', 'Too many arguments', 'ensemble conflicts --help'],
    ['server', '"ensemble server" needs a command.', 'ensemble server --help'],
    ['lock frob', "Unknown command 'frob'.", 'ensemble lock --help'],
    ['tasks list frob', 'Too many arguments', 'ensemble tasks list --help'],
    ['status extra', 'Too many arguments', 'ensemble status --help'],
    ['status --color green', 'It is auto, always or never.', 'ensemble status --help'],
    [
      'merge-file --ours --theirs a b c',
      "'--ours' cannot be used with option '--theirs'",
      'ensemble merge-file --help',
    ],
    ['merge-file --marker-size x a b c', 'It is a number from 0 to 999.', 'ensemble merge-file --help'],
  ])('"%s" is refused, and says where help is', async (line, message, help) => {
    const { error } = await parse(line === '' ? [] : line.split(' '))
    expect(error?.message).toContain(message)
    expect(error?.data).toEqual({ try: help })
  })
})
