import { describe, expect, it } from 'vitest'
import { Gate, type ChangeKind, type GateOptions, type Held } from '../../../client/bridge/gate.js'
import type { GitState } from '../../../client/bridge/git-watch.js'
import type { Environment } from '../../../client/bridge/ports.js'

/** Time that passes only when it is told to. */
class Clock {
  now = 0
  #timers: { readonly due: number; readonly run: () => void }[] = []

  readonly environment: Environment = {
    now: () => 1_000_000 + this.now,
    elapsed: () => this.now,
    timers: {
      after: (milliseconds, run) => {
        const timer = { due: this.now + milliseconds, run }
        this.#timers.push(timer)
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer)
        }
      },
      yield: () => Promise.resolve(),
    },
    random: () => 0.5,
    newId: () => 'id',
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds
    for (;;) {
      const next = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.now = next.due
      next.run()
    }
    this.now = end
  }
}

function gateOf(tracked: number, options: Partial<GateOptions> = {}) {
  const clock = new Clock()
  const git = { state: { isBusy: false, hasMoved: false, quietIn: 0 } as GitState, look: () => git.state }
  const told = new Map<string, boolean>()
  const seen: { held: Held | undefined } = { held: undefined }
  const kinds = new Map<string, ChangeKind>()
  const gate = new Gate({
    ...{ environment: clock.environment, git, isServed: false, tracked: () => tracked },
    onApproved: (path) => propose([path], kinds.get(path) ?? 'overwrite'),
    onHeld: (held) => (seen.held = held && { ...held, files: new Map(held.files) }),
    ...options,
  })
  const propose = (paths: readonly string[], kind: ChangeKind): void => {
    for (const path of paths) {
      kinds.set(path, kind)
      const pass = gate.propose(path, kind)
      if (pass !== undefined) told.set(path, pass.isByGit)
    }
  }
  const atWork = (hasMoved: boolean): void => void (git.state = { isBusy: true, hasMoved, quietIn: 50 })
  const atRest = (): void => void (git.state = { isBusy: false, hasMoved: false, quietIn: 0 })
  return { clock, gate, propose, told, seen, atWork, atRest }
}

function files(count: number, name = 'f'): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`)
}

describe('[BRIDGE-19] edits', () => {
  it('of many files, one after the other, wait for nothing in a large folder, and those at once wait to be judged', () => {
    const { clock, propose, told } = gateOf(200)
    for (const path of files(100)) {
      propose([path], 'overwrite')
      clock.pass(25)
    }
    expect(told.size).toBe(100)
    clock.pass(1_000)
    told.clear()
    propose(files(100, 'g'), 'overwrite')
    expect(told.size).toBe(25)
  })

  it('of a few files go at once, the same file as often as it likes', () => {
    const { propose, told } = gateOf(60)
    propose(files(10), 'overwrite')
    expect(told.size).toBe(10)
    told.clear()
    propose(['f3'], 'overwrite')
    expect([...told.keys()]).toEqual(['f3'])
  })

  it('of more files wait for each other, and go together where they are not too many', () => {
    const { clock, propose, told, seen } = gateOf(60)
    propose(files(20), 'overwrite')
    expect(told.size).toBe(10)
    clock.pass(100)
    expect(told.size).toBe(20)
    expect(seen.held).toBeUndefined()
  })

  it('of more than 20 files and a quarter of all are held; new files, and edits later, are not', () => {
    const { clock, gate, propose, told, seen } = gateOf(60)
    propose(files(60), 'overwrite')
    propose(['new'], 'create')
    clock.pass(1_000)
    expect([...told.keys()].filter((path) => path.startsWith('f'))).toHaveLength(10)
    expect(told.has('new')).toBe(true)
    expect(seen.held).toMatchObject({ code: 'many-overwrites', since: 1_000_100 })
    expect(seen.held?.files.size).toBe(50)
    clock.pass(1_000)
    propose(['other'], 'overwrite')
    expect(told.has('other')).toBe(true)
    gate.release('all')
    expect(told.size).toBe(62)
    expect(seen.held).toBeUndefined()
    propose(['after'], 'overwrite')
    expect(told.has('after')).toBe(true)
  })

  it('slice by slice are one bulk', () => {
    const { clock, propose, seen } = gateOf(60)
    for (let slice = 0; slice < 6; slice++) {
      propose(files(10, `s${slice}-`), 'overwrite')
      clock.pass(150)
    }
    expect(seen.held?.code).toBe('many-overwrites')
  })

  it('that were made while nobody could be told are no bulk', () => {
    const { gate, propose, told } = gateOf(60)
    gate.exempt(files(60))
    propose(files(60), 'overwrite')
    propose(['other'], 'overwrite')
    expect(told.size).toBe(61)
  })

  it('that are taken back are held no longer; the few that are left go', () => {
    const { clock, gate, propose, told, seen } = gateOf(60)
    propose(files(60), 'overwrite')
    clock.pass(1_000)
    for (const path of files(45)) gate.withdraw(path)
    clock.pass(1_000)
    expect(seen.held).toBeUndefined()
    expect(told.size).toBe(25)
  })
})

it('[BRIDGE-14] renames of files that nobody has missed yet let no more deletions pass', () => {
  const pairs = new Map(files(30, 'old').map((path, index) => [path, `new${index}`]))
  const { clock, propose, told, seen } = gateOf(60, { pair: () => pairs })
  propose(files(25), 'delete')
  propose(files(30, 'new'), 'create')
  clock.pass(200)
  expect(seen.held?.files.size).toBe(25)
  expect([...told.keys()].filter((path) => path.startsWith('f'))).toEqual([])
})

describe('[BRIDGE-20] while git works', () => {
  it('nothing goes, and what it changed goes when it is done, by its name in the served folder', () => {
    const { clock, propose, told, atWork, atRest } = gateOf(60, { isServed: true })
    atWork(true)
    propose(files(40), 'overwrite')
    propose(files(10, 'gone'), 'delete')
    propose(files(10, 'new'), 'create')
    clock.pass(5_000)
    expect(told.size).toBe(0)
    atRest()
    clock.pass(100)
    expect(told.size).toBe(60)
    expect([...told.values()].every((isByGit) => isByGit)).toBe(true)
  })

  it('an edit that fell into a moment of its work stays its author’s', () => {
    const { clock, propose, told, atWork, atRest } = gateOf(60, { isServed: true })
    atWork(false)
    propose(['f1'], 'overwrite')
    atRest()
    clock.pass(100)
    expect([...told]).toEqual([['f1', false]])
  })

  it('in an agent’s folder what it changed and took away is held together, where it is much', () => {
    const { clock, propose, told, seen, atWork, atRest } = gateOf(60)
    atWork(true)
    propose(files(12), 'overwrite')
    propose(files(12, 'gone'), 'delete')
    propose(['new'], 'create')
    atRest()
    clock.pass(100)
    expect(seen.held).toMatchObject({ code: 'git-operation' })
    expect(seen.held?.files.size).toBe(24)
    expect([...told]).toEqual([['new', false]])
  })

  it('in an agent’s folder a little of it goes', () => {
    const { clock, propose, told, seen, atWork, atRest } = gateOf(60)
    atWork(true)
    propose(files(10), 'overwrite')
    propose(files(10, 'gone'), 'delete')
    atRest()
    clock.pass(100)
    expect(seen.held).toBeUndefined()
    expect(told.size).toBe(20)
  })

  it('a served folder that it emptied is asked about', () => {
    const { clock, propose, seen, atWork, atRest } = gateOf(30, { isServed: true })
    atWork(true)
    propose(files(30), 'delete')
    atRest()
    clock.pass(100)
    expect(seen.held?.files.size).toBe(30)
  })
})
