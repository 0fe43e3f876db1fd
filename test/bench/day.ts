/** Whether a server that agents come to and go from all day holds on to anything. */
import { AGENTS, liveDay, type Left } from '../support/day.js'
import { verdict, type Section } from './figures.js'

export async function day(): Promise<Section> {
  const { before, after, received, taken, refused } = await liveDay()
  const row = (what: string, of: (left: Left) => number, target: string, ok: boolean): string[] => [
    ...[what, String(of(before)), String(of(after)), `${target}: ${verdict(ok)}`],
  ]
  const growth = (after.heap / before.heap - 1) * 100
  return {
    title: 'A day of agents that come and go',
    method:
      `The services of presence, feeds, events, inboxes and locks on a clock that is moved by hand, 24 hours in steps of a minute: ${AGENTS} ` +
      'agents join and leave at random, write, speak, take their messages, and take locks that they mostly do not release. After two hours, ' +
      'and at the end, all leave, and an hour passes; the heap is measured after a full collection. ' +
      `${received} messages were heard, ${taken} locks taken, ${refused} asked for in vain. Storage is in memory, and its log is emptied ` +
      'before each look, as a real one is on the disk.',
    columns: ['', 'after 2 h', 'after 24 h', 'target'],
    rows: [
      row('timers', ({ timers }) => timers, 'the same', after.timers === before.timers),
      row('listeners', ({ listeners }) => listeners, 'the same', after.listeners === before.listeners),
      row('locks', ({ locks }) => locks, 'the same', after.locks === before.locks),
      [
        ...['heap', `${(before.heap / 2 ** 20).toFixed(1)} MB`, `${(after.heap / 2 ** 20).toFixed(1)} MB`],
        `≤ 5 % more: ${verdict(growth <= 5)} (${growth.toFixed(1)} %)`,
      ],
    ],
  }
}
