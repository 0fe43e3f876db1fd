/** Events: from publishing one to a hundred subscribers, and what was missed told again. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from '../../client/sdk/connection.js'
import { openNodeSocket } from '../../client/sdk/node-socket.js'
import { writeId } from '../../protocol/ids.js'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { connect, Lab, token, type ServerInfo } from './processes.js'

const SUBSCRIBERS = 100
const EVENTS = 500
/** Between two events, in milliseconds. */
const PACE = 20
const MISSED = 10_000
/** Published at once while the log is filled. */
const TOGETHER = 200
const TARGET_FANOUT = 25
const TARGET_REPLAY = 1_000

export async function events(): Promise<Section> {
  const lab = await Lab.make()
  try {
    const server = await lab.server(await lab.folder('workspace'))
    const secret = await token(server)
    const publisher = await connect(server, secret, 'publisher', ['events'])
    const fanOut = await measureFanOut(server, secret, publisher)
    const replay = await measureReplay(server, secret, publisher)
    await publisher.close()
    const p99 = quantile(fanOut, 0.99)
    return {
      title: 'Events to a hundred subscribers, and again to one that was away',
      method:
        `${SUBSCRIBERS} agents on sockets of their own, all in one process beside the server's; ${EVENTS} broadcasts by another one, every ` +
        `${PACE} ms. Clock: from before the request until each subscriber has the parsed event, which is told only when it is on the disk. ` +
        `Then one connects that missed ${MISSED.toLocaleString('en-US')} events. Clock: from opening its socket until it has the last.`,
      columns: ['', 'p50', 'p99', 'max', 'target'],
      rows: [
        [
          `event → ${SUBSCRIBERS} subscribers`,
          milliseconds(quantile(fanOut, 0.5)),
          milliseconds(p99),
          milliseconds(Math.max(...fanOut)),
          `p99 ≤ ${TARGET_FANOUT} ms: ${verdict(p99 <= TARGET_FANOUT && fanOut.length === EVENTS * SUBSCRIBERS)}`,
        ],
        [
          `${MISSED.toLocaleString('en-US')} missed events`,
          '',
          '',
          milliseconds(replay),
          `≤ ${TARGET_REPLAY} ms: ${verdict(replay <= TARGET_REPLAY)}`,
        ],
      ],
    }
  } finally {
    await lab.close()
  }
}

async function measureFanOut(server: ServerInfo, secret: string, publisher: Connection): Promise<number[]> {
  const latencies: number[] = []
  const sentAt = new Map<unknown, number>()
  const subscribers: Connection[] = []
  for (let n = 0; n < SUBSCRIBERS; n++) {
    const subscriber = await connect(server, secret, `s${n}`, ['events'])
    subscriber.onMessage((message) => {
      if (message.type !== 'event' || message.event.type !== 'broadcast') return
      const start = sentAt.get(message.event.data['n'])
      if (start !== undefined) latencies.push(performance.now() - start)
    })
    subscribers.push(subscriber)
  }
  for (let n = 0; n < EVENTS; n++) {
    sentAt.set(n, performance.now())
    void say(publisher, { n })
    await pause(PACE)
  }
  const deadline = performance.now() + 5_000
  while (latencies.length < EVENTS * SUBSCRIBERS && performance.now() < deadline) await pause(PACE)
  for (const subscriber of subscribers) await subscriber.close()
  return latencies
}

async function measureReplay(server: ServerInfo, secret: string, publisher: Connection): Promise<number> {
  const first = (await say(publisher, { n: 'first' })).event.seq
  let last = first
  while (last < first + MISSED) {
    const many = await Promise.all(Array.from({ length: TOGETHER }, (_, n) => say(publisher, { n })))
    last = Math.max(...many.map(({ event }) => event.seq))
  }
  if (publisher.state.kind !== 'live') throw new Error('the publisher lost its connection')
  const { workspaceId } = publisher.state.welcome
  const start = performance.now()
  const socket = openNodeSocket(`${server.url.replace('http', 'ws')}/agent?token=${secret}`)
  let got = 0
  await new Promise<void>((resolve) => {
    socket.onopen = () => {
      const hello = { type: 'hello', protocol: 1, client: 'bench/0', agent: null, feeds: ['events'] }
      socket.send(JSON.stringify({ ...hello, since: { workspaceId, seq: first } }))
    }
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { type: string; messages?: unknown[] }
      if (message.type === 'missed') got += message.messages?.length ?? 0
      if (got >= last - first) resolve()
    }
  })
  socket.close()
  return ((performance.now() - start) / got) * MISSED
}

const say = (connection: Connection, data: object): Promise<{ event: { seq: number } }> =>
  connection.request('publish', { writeId: writeId.parse(randomUUID()), type: 'broadcast', data })
