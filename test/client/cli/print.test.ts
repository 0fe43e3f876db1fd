import { describe, expect, it } from 'vitest'
import { EnsembleError } from '../../../protocol/errors.js'
import { problem } from '../../../protocol/messages.js'
import { Print, Progress, progressLine, type Sink } from '../../../client/cli/print.js'
import { ManualClock } from '../../support/manual-clock.js'

class Paper implements Sink {
  text = ''
  readonly isTTY: boolean
  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }
  write(text: string): void {
    this.text += text
  }
}

function printer({ quiet = false, isTTY = false } = {}) {
  const [stdout, stderr, clock] = [new Paper(isTTY), new Paper(isTTY), new ManualClock()]
  const print = new Print({ stdout, stderr, env: {}, colour: 'auto', quiet, timers: clock.timers })
  return { stdout, stderr, clock, print }
}

describe('output', () => {
  it('[CLI-1] is data on stdout, messages on stderr', () => {
    const { stdout, stderr, print } = printer()
    print.lines(['a', 'b'])
    print.say('Made the folder.')
    expect([stdout.text, stderr.text]).toEqual(['a\nb\n', 'Made the folder.\n'])
  })

  it('is data and errors alone with --quiet', () => {
    const { stdout, stderr, print } = printer({ quiet: true })
    print.say('Made the folder.')
    const progress = print.progress()
    progress.step({ phase: 'comparing', done: 0, total: 4 })
    progress.end()
    print.json({ a: 1 })
    print.fault(new EnsembleError('E_USAGE', 'Wrong.'), false)
    expect(stdout.text).toBe('{"a":1}\n')
    expect(stderr.text).toBe('error: Wrong\n  code  E_USAGE, exit 2\n')
  })

  it('[CLI-2] is an error as one object for whoever asked for JSON, where the answer would have been', () => {
    const { stdout, stderr, print } = printer({ quiet: true })
    print.fault(new EnsembleError('E_USAGE', 'Wrong.', { hint: 'Right.', data: { a: 1 } }), true)
    const object: unknown = JSON.parse(stdout.text)
    expect(problem.parse(object)).toEqual({
      ...{ code: 'E_USAGE', message: 'Wrong.', hint: 'Right.', retry: false, data: { a: 1 } },
    })
    expect(object).toMatchObject({ schema: 'ensemble.error/1', exit: 2 })
    expect(stderr.text).toBe('')
  })

  it('has colour on a terminal only', () => {
    expect(printer({ isTTY: true }).print.paint('good', 'ready')).toBe('\u001b[32mready\u001b[39m')
    expect(printer().print.paint('good', 'ready')).toBe('ready')
  })
})

describe('progress', () => {
  const steps = [
    { phase: 'scanning', done: 0, total: 0 },
    { phase: 'comparing', done: 0, total: 10 },
    { phase: 'comparing', done: 5, total: 10 },
    { phase: 'ready', done: 10, total: 10 },
  ]

  it('is a line for each phase where it is no terminal', () => {
    const paper = new Paper(false)
    const progress = new Progress(paper, new ManualClock().timers)
    for (const step of steps) progress.step(step)
    progress.end()
    expect(paper.text).toBe('Reading the folder\nComparing files: 10\nIn step: 10\n')
  })

  it('is nothing on a terminal where it takes less than 200 ms', async () => {
    const [paper, clock] = [new Paper(true), new ManualClock()]
    const progress = new Progress(paper, clock.timers)
    for (const step of steps) progress.step(step)
    await clock.advance(199)
    progress.end()
    await clock.advance(1_000)
    expect(paper.text).toBe('')
  })

  it('is one line on a terminal that changes, and is cleared in the end', async () => {
    const [paper, clock] = [new Paper(true), new ManualClock()]
    const progress = new Progress(paper, clock.timers)
    progress.step({ phase: 'comparing', done: 1, total: 2_000 })
    await clock.advance(200)
    progress.step({ phase: 'comparing', done: 500, total: 2_000 })
    progress.end()
    progress.end()
    progress.step({ phase: 'ready', done: 2_000, total: 2_000 })
    expect(paper.text).toBe(
      '\r\u001b[KComparing files: 1 of 2,000 (0 %)\r\u001b[KComparing files: 500 of 2,000 (25 %)\r\u001b[K',
    )
  })

  it('makes way for whatever else is printed', async () => {
    const { stderr, clock, print } = printer({ isTTY: true })
    print.progress().step({ phase: 'comparing', done: 1, total: 4 })
    await clock.advance(200)
    print.say('Made the folder.')
    expect(stderr.text).toBe('\r\u001b[KComparing files: 1 of 4 (25 %)\r\u001b[KMade the folder.\n')
  })

  it('of a phase it does not know shows its name', () => {
    expect(progressLine({ phase: 'migrating', done: 0, total: 0 })).toBe('migrating')
  })
})
