import { describe, expect, it } from 'vitest'
import { agent, type Agent } from '../../../protocol/agents.js'
import { conflict } from '../../../protocol/conflicts.js'
import { pause } from '../../../protocol/folder.js'
import { status } from '../../../protocol/status.js'
import { plain } from '../../../client/cli/colour.js'
import { commandName } from '../../../client/cli/context.js'
import { Tags } from '../../../client/cli/live/tags.js'
import type { ServerInfo } from '../../../client/cli/reports.js'
import { table } from '../../../client/cli/table.js'
import { agentLines } from '../../../client/cli/views/agents-view.js'
import { conflictLines, conflictWhole, shortIds } from '../../../client/cli/views/conflicts-view.js'
import { blockedLines, folderLines } from '../../../client/cli/views/folder-view.js'
import { doneWords } from '../../../client/cli/views/resume-view.js'
import { readyLines, statusLines, type ReadyFacts } from '../../../client/cli/views/server-view.js'

const NOW = 1_700_000_000_000

function anAgent(agentId: string, order: number, overrides: Partial<Agent> = {}): Agent {
  const dash = agentId.indexOf('-')
  return agent.parse({
    ...{ agentId, type: agentId.slice(0, dash), instance: agentId.slice(dash + 1), partition: null, file: null },
    ...{ state: 'idle', since: NOW - 12_000, connectedAt: NOW - 60_000, order },
    ...overrides,
  })
}

describe('a table', () => {
  it('has columns as wide as their widest cell, and no blanks at the end of a line', () => {
    const rows = [
      [{ text: 'ä' }, { text: 'long name' }, { text: '' }],
      [{ text: 'abc' }, { text: 'x' }, { text: 'y' }],
    ]
    expect(table(['a', 'name', 'z'], rows, plain)).toEqual(['A    NAME       Z', 'ä    long name', 'abc  x          y'])
  })
})

describe('tags', () => {
  it('say type and number, and stay when their agent has left', () => {
    const tags = new Tags()
    tags.learn([anAgent('CODEX-r', 2), anAgent('CLAUDE-a', 1), anAgent('CLAUDE-b', 3), anAgent('AIDER-x', 4)])
    tags.learn([anAgent('CLAUDE-b', 3)])
    expect(['CLAUDE-a', 'CLAUDE-b', 'CODEX-r', 'AIDER-x'].map((id) => tags.short(id))).toEqual(['C1', 'C2', 'X1', 'A1'])
    expect(tags.name('CLAUDE-b')).toBe('C2 b')
    expect(tags.name('GEMINI-gone')).toBe('GEMINI-gone')
    expect(tags.name('DISK')).toBe('someone in the workspace')
  })
})

describe('the agents', () => {
  it('stand in a table with what each is doing', () => {
    const agents = [
      anAgent('CLAUDE-frontend', 1, { state: 'editing', file: 'src/ui/app.ts' as Agent['file'] }),
      anAgent('CODEX-reviewer', 2, { partition: 'src' as Agent['partition'] }),
    ]
    const tags = new Tags()
    tags.learn(agents)
    expect(agentLines(agents, tags, NOW, plain)).toEqual([
      '    AGENT            STATE    WHERE          SINCE',
      'C1  CLAUDE-frontend  editing  src/ui/app.ts  12 s',
      'X1  CODEX-reviewer   idle     src/           12 s',
    ])
    expect(agentLines([], tags, NOW, plain)).toEqual(['No agent is connected.'])
  })
})

describe('the conflicts', () => {
  const words = {
    nameOf: (author: string) => `the ${author}`,
    short: (id: string) => id.slice(0, 4),
    ...{ now: NOW, paint: plain, command: 'ensemble' },
  }
  const common = {
    ...{ id: '3f2a77', path: 'src/a.ts', fileId: 'f1', baseRev: 1, rev: 2, writeId: 'w', time: NOW - 90_000 },
    ...{ authors: { ours: 'CLAUDE-a', theirs: 'CODEX-b' }, state: 'open' },
  }
  const deletion = conflict.parse({ ...common, reason: 'delete', theirs: null, first: 'ours' })
  const overlap = conflict.parse({
    ...{ ...common, reason: 'overlap', base: 'one\n', ours: 'by a\n\n', theirs: '' },
    ...{ range: { start: {}, end: {} }, stands: { rev: 2, at: 0 } },
  })
  const closed = conflict.parse({
    ...{ ...deletion, id: '99aa', state: 'resolved' },
    resolution: { outcome: 'theirs', by: 'CLAUDE-a', time: NOW, rev: 3, writeId: null },
  })

  it('name who stays and who is held, never ours and theirs', () => {
    expect(conflictLines([deletion], words)).toEqual([
      'ID    FILE      WHAT                 STAYS         HELD         AGE',
      '3f2a  src/a.ts  deleted and changed  the CLAUDE-a  the CODEX-b  2 min',
      '',
      '1 open conflict; nothing of either side is lost.',
      '',
      'next  ensemble conflicts show 3f2a',
    ])
    expect(conflictLines([closed], words)[1]).toMatch(/ the CODEX-b went in, by the CLAUDE-a$/)
    expect(conflictLines([], words)).toEqual(['No conflict is open.'])
  })

  it('are shown with both sides, what stands there now, and what can be done', () => {
    const now = { text: 'by someone\n', lines: { from: 7, to: 7 } }
    expect(conflictWhole({ conflict: overlap, now, held: null }, words)).toEqual([
      'src/a.ts, line 7: same lines, 2 min ago, 3f2a',
      '',
      'the CLAUDE-a, in the file:',
      '  | by a',
      '  |',
      '',
      'the CODEX-b, held: these lines deleted',
      '',
      'both started from:',
      '  | one',
      '',
      'stands there now, line 7:',
      '  | by someone',
      '',
      'keep the CLAUDE-a:  ensemble conflicts resolve 3f2a --ours',
      'take the CODEX-b:  ensemble conflicts resolve 3f2a --theirs',
      'both, the CLAUDE-a first:  ensemble conflicts resolve 3f2a --both',
      'lines of your own:  ensemble conflicts resolve 3f2a --file FILE',
      'edit them in the file:  ensemble conflicts materialize 3f2a',
    ])
    expect(conflictWhole({ conflict: deletion, now: null, held: null }, words).join('\n')).not.toContain('--both')
    expect(conflictWhole({ conflict: closed, now: null, held: null }, words).at(-1)).toBe(
      'the CLAUDE-a closed the conflict in src/a.ts at revision 3: the CODEX-b went in.',
    )
  })

  it('have as much of their id shown as names them', () => {
    const short = shortIds(['3f2a3f2a77', '3f2a3f2a01', '99', '0123456789'])
    expect(['3f2a3f2a77', '3f2a3f2a01', '99', '0123456789'].map(short)).toEqual([
      ...['3f2a3f2a7', '3f2a3f2a0', '99', '01234567'],
    ])
  })
})

describe('a server that is ready', () => {
  const info: ServerInfo = {
    ...{
      url: 'http://127.0.0.1:9999',
      dashboard: 'http://127.0.0.1:9999/#code=c',
      pid: 7,
      workspace: '/home/me/my-project',
    },
    ...{ dataDir: '/home/me/my-project/.ensemble', tokenFile: '/home/me/my-project/.ensemble/token' },
    ...{ files: 142, folder: { paused: null, leftOut: 0 }, readyMilliseconds: 840, exposed: [] },
  }
  const facts = (overrides: Partial<ReadyFacts> = {}): string =>
    readyLines(
      {
        info,
        cwd: '/home/me/ensemble',
        command: 'npx ensemble',
        isAlone: true,
        background: false,
        now: NOW,
        ...overrides,
      },
      plain,
    ).join('\n')

  it('tells how long it took, where the dashboard is, how many files are in step, and how to connect', () => {
    expect(facts()).toBe(
      [
        'Ready in 840 ms: my-project, 142 files in step',
        '',
        '  dashboard  http://127.0.0.1:9999/#code=c',
        '             (opens once, for ten minutes; npx ensemble dashboard opens it again)',
        '  workspace  /home/me/my-project',
        '',
        'Connect an agent, in another terminal; the folder is made if it is missing:',
        '  npx ensemble connect --agent CLAUDE --instance frontend --dir ../my-project-frontend',
        '',
        'Ctrl-C stops it.',
      ].join('\n'),
    )
  })

  it('does not call in step what is held', () => {
    const paused = pause.parse({
      ...{ code: 'many-deletions', message: '44 files are gone.', hint: 'Put them back.', files: 44 },
      choices: ['delete', 'restore'],
    })
    const text = facts({ info: { ...info, folder: { paused, leftOut: 0 } } })
    expect(text).toContain('Ready in 840 ms: my-project, 142 files on the server\n')
    expect(text).toContain('  workspace  /home/me/my-project\n  held       44 files are gone.\n')
  })

  it('names itself in that line where others run, and how to stop it in the background', () => {
    expect(facts({ isAlone: false })).toContain('--dir ../my-project-frontend --url http://127.0.0.1:9999\n')
    expect(facts({ background: true })).toContain('Stop it with: npx ensemble server stop --workspace ../my-project')
  })

  it('[AUTH-6] says what it exposes when it listens to the network', () => {
    const text = facts({ info: { ...info, exposed: ['http://192.168.1.5:9999'] } })
    expect(text).toContain('exposed    http://192.168.1.5:9999')
    expect(text).toContain('has the token can read and change every file')
  })

  it('quotes a folder with blanks, so that the line can be copied', () => {
    expect(facts({ info: { ...info, workspace: "/home/me/it's mine" } })).toContain(`--dir '../it'\\''s mine-frontend'`)
  })

  it('is called as it was called', () => {
    expect(commandName({ npm_command: 'exec' })).toBe('npx ensemble')
    expect(commandName({})).toBe('ensemble')
  })
})

describe('a folder that is not in step', () => {
  const held = pause.parse({
    ...{ code: 'many-deletions', message: '44 files of /home/me/my project are gone at once.', hint: 'Put them back.' },
    ...{ files: 44, paths: ['a.txt', 'b.txt'], choices: ['delete', 'restore'], since: NOW - 180_000 },
  })
  const changed = pause.parse({
    ...held,
    code: 'git-operation',
    files: 1,
    paths: ['a'],
    choices: ['accept', 'restore'],
  })
  const gone = pause.parse({ code: 'root-missing', message: '/home/me/my-project is gone.', hint: 'Bring it back.' })
  const shell = {
    whose: { kind: 'shell', dir: '/home/me/my project', command: 'npx ensemble' },
    now: NOW,
    paint: plain,
  } as const
  const session = { whose: { kind: 'session' }, now: NOW, paint: plain } as const

  it('says nothing where all of it is', () => {
    expect(folderLines({ paused: null, leftOut: 0 }, shell)).toEqual([])
  })

  it('says what is held, since when, and the command for each thing that can be done', () => {
    expect(folderLines({ paused: held, leftOut: 2 }, shell)).toEqual([
      '  held       44 files of /home/me/my project are gone at once. (for 3 min)',
      '             a.txt, b.txt and 42 others',
      "             to delete them for everyone:  npx ensemble resume --dir '/home/me/my project' --delete",
      "             to bring back here what the server has:  npx ensemble resume --dir '/home/me/my project' --restore",
      '  left out   2 paths (too large, a link, not readable, or no name for all systems); npx ensemble status, asked in it, names them',
    ])
    expect(folderLines({ paused: changed, leftOut: 0 }, shell).join('\n')).toContain(
      "to pass it on to everyone:  npx ensemble resume --dir '/home/me/my project' --accept",
    )
  })

  it('says in a session what to type there', () => {
    expect(folderLines({ paused: held, leftOut: 1 }, session).slice(2)).toEqual([
      '             Type "resume delete" to delete them for everyone, or "resume restore" to bring back here what the server has.',
      '  left out   1 path (too large, a link, not readable, or no name for all systems); "status" names them',
    ])
  })

  it('says the reason and the way on of whatever else stops it', () => {
    expect(folderLines({ paused: gone, leftOut: 0 }, shell)).toEqual([
      '  paused     /home/me/my-project is gone.',
      '             Bring it back.',
    ])
  })

  it('is named in the roster, with what to do in it', () => {
    const agents = [anAgent('CLAUDE-a', 1, { state: 'editing', folder: { paused: held, leftOut: 0 } })]
    const tags = new Tags()
    tags.learn(agents)
    expect(agentLines(agents, tags, NOW, plain)).toEqual([
      '    AGENT     STATE   WHERE  SINCE',
      'C1  CLAUDE-a  paused         12 s',
      '',
      'C1 a: 44 files of /home/me/my project are gone at once. (for 3 min)',
      '  a.txt, b.txt and 42 others',
      '  to delete them for everyone:  ensemble resume --delete',
      '  to bring back here what the server has:  ensemble resume --restore',
    ])
  })

  it('is counted in the roster, where paths of it are left out', () => {
    const agents = [anAgent('CLAUDE-a', 1, { folder: { paused: null, leftOut: 2 } })]
    const tags = new Tags()
    tags.learn(agents)
    expect(agentLines(agents, tags, NOW, plain).slice(2)).toEqual([
      '',
      'C1 a: left out, 2 paths (too large, a link, not readable, or no name for all systems); ' +
        'ensemble status, asked in it, names them',
    ])
  })

  it('names paths that stay out of step, with the reason in plain words', () => {
    const blocked = { a: 'EACCES', b: 'larger than 104857600 bytes', c: 'not a regular file', d: 'The server says no.' }
    expect(blockedLines(blocked)).toEqual([
      '  a stays out of step: it may not be read, or its folder may not be written to',
      '  b stays out of step: it is larger than 100 MiB',
      '  c stays out of step: it is a link, a socket or a device',
      '  d stays out of step: The server says no.',
    ])
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`f${index}`, 'EIO']))
    expect(blockedLines(many).slice(19)).toEqual(['  f19 stays out of step: EIO', '  and 5 others; --json names them'])
  })

  it('says what became of what was held', () => {
    expect(doneWords({ choice: 'delete', files: 44, kept: null })).toEqual(['44 files are deleted for everyone.'])
    expect(doneWords({ choice: 'accept', files: 1, kept: null })).toEqual(['1 file goes to everyone as it is here.'])
    expect(doneWords({ choice: 'restore', files: 2, kept: '/a/.ensemble/restored/x' })).toEqual([
      '2 files come back as the server has them.',
      'What was written here is kept in /a/.ensemble/restored/x.',
    ])
  })
})

describe('the state of a server', () => {
  const given = status.parse({
    ...{
      version: '1',
      protocol: 1,
      workspaceId: 'w',
      workspace: '/home/me/my-project',
      state: 'degraded',
      reason: 'The disk is full.',
    },
    ...{
      seq: 3,
      uptimeSeconds: 200,
      files: 1,
      documents: { open: 0 },
      connections: { agents: 0, observers: 0, peers: 2 },
    },
    ...{ conflicts: { open: 2 }, commitLatency: { p50: 0.7, p99: 2.4 }, memoryBytes: 90_000_000, agents: [] },
  })
  it('is a word, its reason, and figures', () => {
    expect(statusLines(given, 'http://127.0.0.1:9999', { command: 'ensemble', now: NOW, paint: plain })).toEqual([
      'my-project  degraded  http://127.0.0.1:9999',
      '  The disk is full.',
      '  1 file · 0 agents · 2 open editors · 2 open conflicts',
      '  up 3 min · memory 90.0 MB · a commit takes 0.7 ms, at most 2 ms for 99 of 100',
      '  workspace  /home/me/my-project',
    ])
  })
})
