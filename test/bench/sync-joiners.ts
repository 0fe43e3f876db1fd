/** Many who join a large document at once. */
import type * as Y from 'yjs'
import { z } from 'zod'
import { megabytes, verdict, type Section } from './figures.js'
import { memory, processorSeconds, resetPeak } from './processes.js'
import { inRounds, judge, judgeLoss, method, spread } from './sync-rounds.js'
import { contenders } from './sync-servers.js'
import { inOnePiece, inPieces, joinSeeded } from './sync-typist.js'
import { Peer, target, type Target } from './sync-wire.js'
import { source } from './trees.js'

const BYTES = 4_000_000
const JOINERS = 50
const MOST_MEMORY = 300 * 2 ** 20

/** In characters. */
const PIECE = 40

export const joinersTask = z.object({ target, documents: z.object({ whole: z.string(), pieces: z.string() }) })

const joined = z.object({
  seconds: z.number(),
  /** Processor time in seconds. */
  server: z.number(),
  /** Most memory meanwhile, in bytes. */
  peak: z.number(),
  /** Joiners whose answer was not the whole document. */
  lost: z.int(),
})
type Joined = z.infer<typeof joined>
const joinersResult = z.object({ whole: joined, pieces: joined })

export async function joinersLoad({
  target,
  documents,
}: z.infer<typeof joinersTask>): Promise<z.infer<typeof joinersResult>> {
  const text = source('large', BYTES)
  return {
    whole: await joinAll(target, documents.whole, inOnePiece(text)),
    pieces: await joinAll(target, documents.pieces, inPieces(text, PIECE)),
  }
}

async function joinAll(target: Target, document: string, write: (content: Y.Text) => void): Promise<Joined> {
  const first = await joinSeeded(target, document, write)
  await resetPeak(target.pid)
  const before = await processorSeconds(target.pid)
  const start = performance.now()
  const all = await Promise.all(
    Array.from({ length: JOINERS }, () => Peer.join({ target, document, onFrame: () => undefined })),
  )
  const seconds = (performance.now() - start) / 1000
  const server = (await processorSeconds(target.pid)) - before
  const { peak } = await memory(target.pid)
  const [expected, ...texts] = [first.state, ...all.map(({ state }) => state)].map((state) => state.length)
  for (const { peer } of [first, ...all]) peer.socket.destroy()
  return { seconds, server, peak, lost: texts.filter((length) => length < expected!).length }
}

export async function joiners(): Promise<Section> {
  const measured = await inRounds({
    start: { texts: new Map([['whole', source('large', BYTES)]]) },
    measure: async (server) => {
      const documents = { whole: server.document('whole'), pieces: server.document('pieces') }
      return joinersResult.parse(await server.load('joiners', { documents }))
    },
    say: ({ whole, pieces }) =>
      `${inSeconds(pieces.server)} of processor time, in one piece ${inSeconds(whole.server)}, ` +
      `peak ${megabytes(Math.max(whole.peak, pieces.peak))}, ${whole.lost + pieces.lost} not whole`,
  })
  const peaks = (measured.get('Ensemble, a file') ?? []).flatMap(({ whole, pieces }) => [whole.peak, pieces.peak])
  return {
    title: `${JOINERS} join a document of 4 MB at once, side by side`,
    method:
      `A document of 4 MB, which one has open; ${JOINERS} that have nothing join at the same moment, and each is answered with all of it. ` +
      `Once it was typed here and there, in ${BYTES / PIECE} pieces of ${PIECE} characters; once it is of one piece, as a file that was just opened. ${method()}`,
    columns: [
      '',
      'in pieces: processor time',
      'until all have it',
      'peak memory',
      'in one: processor time',
      'until all have it',
      'peak memory',
      'not whole',
    ],
    rows: contenders.map((contender) => {
      const of = measured.get(contender) ?? []
      const figures = (kind: 'whole' | 'pieces'): string[] => [
        spread(
          of.map((one) => one[kind].server),
          inSeconds,
        ),
        spread(
          of.map((one) => one[kind].seconds),
          inSeconds,
        ),
        spread(
          of.map((one) => one[kind].peak),
          megabytes,
        ),
      ]
      return [
        contender,
        ...figures('pieces'),
        ...figures('whole'),
        String(of.reduce((sum, one) => sum + lostOf(one), 0)),
      ]
    }),
    notes: [
      judge(measured, 'Processor time, in pieces,', ({ pieces }) => pieces.server, 0.2),
      judge(measured, 'Processor time, in one piece,', ({ whole }) => whole.server, 0.2),
      `- Peak memory ≤ ${megabytes(MOST_MEMORY)} in every round: ${verdict(Math.max(...peaks) <= MOST_MEMORY)} (${megabytes(Math.max(...peaks))}).`,
      judgeLoss(measured, lostOf),
    ],
  }
}

function lostOf({ whole, pieces }: z.infer<typeof joinersResult>): number {
  return whole.lost + pieces.lost
}

function inSeconds(value: number): string {
  return `${value.toFixed(2)} s`
}
