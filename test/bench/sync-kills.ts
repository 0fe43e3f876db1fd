/** kill -9 while updates flow: what had been echoed, and is gone afterwards. */
import { randomFrom } from '../support/random.js'
import { verdict, type Section } from './figures.js'
import { Lives, type Losses } from './sync-lives.js'
import { progress } from './sync-rounds.js'
import { Server, type Contender } from './sync-servers.js'

/** Of the peers: they lose something with nearly every one. */
const KILLS_OF_PEERS = 30
/** From the first echo to the kill, in milliseconds. */
const LONGEST_LIFE = 200
/** Kills after which another document is begun, so that it does not grow for ever. */
const ONE_DOCUMENT = 50

/** @param kills of Ensemble, half of them while files are written, half while free documents are */
export async function kills(kills: number): Promise<Section> {
  const half = Math.ceil(kills / 2)
  const counts: readonly (readonly [Contender, number])[] = [
    ['Ensemble, a file', half],
    ['Ensemble, a free document', kills - half],
    ['y-websocket 2.1', Math.min(KILLS_OF_PEERS, kills)],
    ['Hocuspocus 3.4', Math.min(KILLS_OF_PEERS, kills)],
  ]
  const rows: string[][] = []
  let lost = 0
  for (const [contender, count] of counts) {
    const losses = await killAgain(contender, count)
    const name = {
      'y-websocket 2.1': 'y-websocket 2.1 with y-leveldb',
      'Hocuspocus 3.4': 'Hocuspocus 3.4 with its Database extension',
    }
    rows.push([
      Object.hasOwn(name, contender) ? name[contender as keyof typeof name] : contender,
      ...[count, losses.sent, losses.told, losses.lost, losses.gaps].map(String),
    ])
    if (contender.startsWith('Ensemble')) lost += losses.lost + losses.gaps
  }
  return {
    title: 'kill -9 while updates flow: what was echoed and is lost, side by side',
    method:
      `Three raw clients write into one document, each an update every 3 ms, and the server is killed at a moment of the first ${LONGEST_LIFE} ms after the first echo, and started again on its data. ` +
      'Whatever a socket had been sent by then must be in the document after every later start; and of each writer’s updates a beginning. ' +
      'y-websocket has the store that its package comes with, y-leveldb (YPERSISTENCE); Hocuspocus its generic Database extension, whose store writes and syncs a file: it is called 2 s after an edit, by default.',
    columns: ['', 'kills', 'updates sent', 'echoed', 'echoed and lost', 'writers with a gap'],
    rows,
    notes: [`- Lost by Ensemble: ${lost}: ${verdict(lost === 0)}.`],
  }
}

async function killAgain(contender: Contender, count: number): Promise<Losses> {
  const random = randomFrom(count)
  const server = await Server.start(contender, { texts: new Map(), durable: true })
  try {
    let total: Losses = { sent: 0, told: 0, lost: 0, gaps: 0 }
    for (let from = 0; from < count; from += ONE_DOCUMENT) {
      const to = Math.min(count, from + ONE_DOCUMENT)
      const lives = new Lives(server.document(`killed${from}`))
      for (let kill = from; kill < to; kill++) {
        await lives.live(server.target, random.next() * LONGEST_LIFE, () => server.kill())
        await server.startAgain()
      }
      await lives.look(server.target)
      total = add(total, lives.losses)
      progress(`${contender}: ${to} of ${count} kills, ${total.told} echoed, ${total.lost} lost`)
    }
    return total
  } finally {
    await server.close()
  }
}

function add(one: Losses, other: Losses): Losses {
  return {
    sent: one.sent + other.sent,
    told: one.told + other.told,
    lost: one.lost + other.lost,
    gaps: one.gaps + other.gaps,
  }
}
