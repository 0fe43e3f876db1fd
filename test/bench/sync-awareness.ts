/** Somebody goes: when do the others see it? */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { inRounds, method, spread, type Measured } from './sync-rounds.js'
import { contenders, type Contender } from './sync-servers.js'
import { inOnePiece, joinSeeded, mark, Typist } from './sync-typist.js'
import { awarenessMessage, Peer, target } from './sync-wire.js'
import { source } from './trees.js'

const CLIENTS = 50
const REMOVALS = 60
const WARM_UP = 10
/** Between two edits, and between two who go, in milliseconds. */
const PACE = { edit: 20, going: 100 }
/** In milliseconds; who has not seen it by then counts with this. */
const PATIENCE = 5_000
const MOST = 100

export const awarenessTask = z.object({ target, document: z.string() })

/** In milliseconds from the going to its being seen, of every other client. */
const awarenessResult = z.object({ said: z.array(z.number()), broken: z.array(z.number()) })
type AwarenessResult = z.infer<typeof awarenessResult>

export async function awarenessLoad({ target, document }: z.infer<typeof awarenessTask>): Promise<AwarenessResult> {
  const crowd = new Crowd()
  const writer = await joinSeeded(target, document, inOnePiece(text()))
  const typist = new Typist(writer.peer, writer.state, 0)
  let typed = 0
  const typing = setInterval(() => {
    writer.peer.socket.send(typist.type(mark(typed++)))
  }, PACE.edit)
  for (let client = 1; client <= CLIENTS; client++) await crowd.join(target, document, client)
  const result = { said: [] as number[], broken: [] as number[] }
  for (let removal = 0; removal < WARM_UP + REMOVALS; removal++) {
    await pause(PACE.going)
    const way = removal % 2 === 0 ? 'said' : 'broken'
    const seen = await crowd.lose(removal + 1, way)
    if (removal >= WARM_UP) result[way].push(...seen)
    await crowd.join(target, document, CLIENTS + removal + 1)
  }
  clearInterval(typing)
  return result
}

interface Member {
  readonly peer: Peer
  /** The clients whose going it has seen, and when. */
  readonly seen: Map<number, number>
}

class Crowd {
  readonly #members = new Map<number, Member>()

  async join(target: z.infer<typeof awarenessTask>['target'], document: string, client: number): Promise<void> {
    const seen = new Map<number, number>()
    const { peer } = await Peer.join({
      ...{ target, document },
      onFrame: (payload) => {
        for (const gone of this.#members.get(client)?.peer.removedIn(payload) ?? []) seen.set(gone, performance.now())
      },
    })
    peer.socket.send(peer.frame(awarenessMessage(client, 1, { name: `client ${client}` })))
    this.#members.set(client, { peer, seen })
  }

  /** Milliseconds until each other member has seen it. */
  async lose(client: number, way: 'said' | 'broken'): Promise<number[]> {
    const { peer } = this.#members.get(client)!
    this.#members.delete(client)
    const start = performance.now()
    if (way === 'broken') peer.socket.destroy()
    else peer.socket.send(peer.frame(awarenessMessage(client, 2, null)))
    const others = [...this.#members.values()]
    while (performance.now() < start + PATIENCE && !others.every(({ seen }) => seen.has(client))) await pause(1)
    peer.socket.destroy()
    return others.map(({ seen }) => (seen.get(client) ?? start + PATIENCE) - start)
  }
}

export async function awareness(): Promise<Section> {
  const measured = await inRounds({
    start: { texts: new Map([['shared', text()]]) },
    measure: async (server) =>
      awarenessResult.parse(await server.load('awareness', { document: server.document('shared') })),
    say: ({ said, broken }) =>
      `p99 ${milliseconds(quantile(said, 0.99))} said, ${milliseconds(quantile(broken, 0.99))} broken`,
  })
  const worst = worstOf(measured, 'Ensemble, a file')
  return {
    title: 'Awareness: somebody goes, and the others see it, side by side',
    method:
      `${CLIENTS} clients show themselves in one document, while one more makes 50 edits a second. One after the other goes, and another comes: ${REMOVALS / 2} say so first, ` +
      `${REMOVALS / 2} just break their connection. Clock: from then until each other client is sent the removal. ${method()}`,
    columns: ['', 'said: p50', 'p99', 'broken: p50', 'p99'],
    rows: contenders.map((contender) => {
      const of = (way: keyof AwarenessResult, share: number): string =>
        spread(
          (measured.get(contender) ?? []).map((one) => quantile(one[way], share)),
          milliseconds,
        )
      return [contender, of('said', 0.5), of('said', 0.99), of('broken', 0.5), of('broken', 0.99)]
    }),
    notes: [
      `- p99 ≤ ${MOST} ms either way, in every round: ${verdict(worst <= MOST)} (${milliseconds(worst)}; a free document ${milliseconds(worstOf(measured, 'Ensemble, a free document'))}).`,
    ],
  }
}

function worstOf(measured: Measured<AwarenessResult>, contender: Contender): number {
  const all = measured.get(contender) ?? []
  return Math.max(...all.flatMap(({ said, broken }) => [quantile(said, 0.99), quantile(broken, 0.99)]))
}

function text(): string {
  return source('shared', 2_000)
}
