/** The scenarios in which updates flow from some to all: each with its own numbers, measured alike. */
import { megabytes, milliseconds, type Section } from './figures.js'
import { flowResult, type FlowResult, type FlowTask } from './sync-flow.js'
import { inRounds, judge, judgeLoss, median, METHOD, spread, type Measured } from './sync-rounds.js'
import { contenders } from './sync-servers.js'
import { source } from './trees.js'

const TEXT = source('shared', 20_000)

/** Fifty who write and read in one document. */
export async function fifty(): Promise<Section> {
  const measured = await flows(['shared'], TEXT, { sockets: 50, writers: 50, pace: 10, warmUp: 20, edits: 100 })
  return {
    title: '50 writers and readers in one document, side by side',
    method: `50 sockets in one document of 20 kB; each makes 10 edits a second, and is sent those of all; 2 s to warm up, 10 s measured. ${METHOD}`,
    ...table(measured),
    notes: [
      judge(measured, 'Processor time a delivery', perDelivery, 0.5),
      judge(measured, 'p99', ({ p99 }) => p99, 1),
      ...rest(measured),
    ],
  }
}

async function flows(
  names: readonly string[],
  text: string,
  task: Omit<FlowTask, 'target' | 'documents' | 'text'>,
): Promise<Measured<FlowResult>> {
  return await inRounds({
    start: { texts: new Map(names.map((name) => [name, text])) },
    measure: async (server) => {
      const documents = names.map((name) => server.document(name))
      return flowResult.parse(await server.load('flow', { ...task, documents, text }))
    },
    say: (one) =>
      `${micros(perDelivery(one))} a delivery, p99 ${milliseconds(one.p99)}, ${one.lost} lost, ` +
      `server ${percent(one.server / one.seconds)} and load ${percent(one.load / one.seconds)} of a core`,
  })
}

function perDelivery({ server, deliveries }: FlowResult): number {
  return server / deliveries
}

function table(measured: Measured<FlowResult>): Pick<Section, 'columns' | 'rows'> {
  return {
    columns: ['', 'processor time a delivery', 'p50', 'p99', 'deliveries a second', 'peak memory', 'lost'],
    rows: contenders.map((contender) => {
      const of = (value: (one: FlowResult) => number): number[] => (measured.get(contender) ?? []).map(value)
      return [
        contender,
        spread(of(perDelivery), micros),
        spread(
          of(({ p50 }) => p50),
          milliseconds,
        ),
        spread(
          of(({ p99 }) => p99),
          milliseconds,
        ),
        String(Math.round(median(of(({ deliveries, seconds }) => deliveries / seconds)))),
        megabytes(median(of(({ peak }) => peak))),
        String(of(({ lost }) => lost).reduce((sum, one) => sum + one, 0)),
      ]
    }),
  }
}

/** What every flow says: losses, doubles, and whether the load itself was at its end. */
function rest(measured: Measured<FlowResult>): string[] {
  const all = [...measured.values()].flat()
  const doubled = all.reduce((sum, one) => sum + one.doubled, 0)
  const busiest = Math.max(...all.map(({ load, seconds }) => load / seconds))
  return [
    judgeLoss(measured, ({ lost }) => lost),
    `- Delivered twice: ${doubled}. The load took at most ${percent(busiest)} of a core.`,
  ]
}

function micros(seconds: number): string {
  return `${(seconds * 1e6).toFixed(1)} µs`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
