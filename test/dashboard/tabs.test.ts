import { afterEach, expect, test } from 'vitest'
import { answerTabs, askTabs, TAB_CHANNEL, type Session } from '../../dashboard/tabs.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { until } from '../support/wait.js'

const clock = new ManualClock(0)
const after = (milliseconds: number, run: () => void) => {
  const timer = clock.timers.setTimeout(run, milliseconds)
  return () => clock.timers.clearTimeout(timer)
}
const channels: BroadcastChannel[] = []
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close()
})

/** What goes between tabs is copied, and comes later, as in browsers. */
function tab(session: Session | null = null) {
  const channel = new BroadcastChannel(TAB_CHANNEL)
  channels.push(channel)
  answerTabs(channel, () => session)
  return channel
}

const WRITE: Session = { token: 'w', access: 'write' }
const READ: Session = { token: 'r', access: 'read' }

/** Hears what tabs answer, so that the time is over after them. */
function overheard(): unknown[] {
  const words: unknown[] = []
  tab().addEventListener('message', ({ data }: MessageEvent) => words.push(data))
  return words
}

test('[AUTH-10] a new tab gets the session of one that is open', async () => {
  const words = overheard()
  tab(WRITE)
  const asked = askTabs(tab(), 'one', after)
  await until(() => words.length === 2, 'the answer')
  await turn()
  await clock.advance(300)
  expect(await asked).toEqual(WRITE)
  expect(clock.waiting).toEqual([])
})

test.each([
  ['first', [READ, WRITE]],
  ['last', [WRITE, READ]],
])(
  '[AUTH-10] where one of them may only look, answering %s, the new one may no more; it need not wait',
  async (_, all) => {
    for (const session of all) tab(session)
    expect(await askTabs(tab(), 'one', after)).toEqual(READ)
    expect(clock.waiting).toEqual([])
  },
)

test('[AUTH-10] there is none: nobody answers, what others are answered is not for it, nor what is no answer', async () => {
  const words = overheard()
  const asked = askTabs(tab(null), 'one', after)
  const other = tab()
  for (const session of [READ, { token: 3, access: 'write' }, { token: 'x', access: 'all' }, null])
    other.postMessage({ kind: 'answers', asks: session === READ ? 'two' : 'one', session })
  other.postMessage('hello')
  await until(() => words.length === 6, 'all that was said')
  await turn()
  await clock.advance(300)
  expect(await asked).toBeNull()
})
