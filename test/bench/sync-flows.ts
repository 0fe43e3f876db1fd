/** The scenarios in which updates flow from some to all: each with its own numbers, measured alike. */
import { megabytes, milliseconds, type Section } from './figures.js'
import { flowResult, type FlowResult, type FlowTask } from './sync-flow.js'
import { inRounds, judge, judgeLoss, median, method, spread, type Measured } from './sync-rounds.js'
import { contenders, type Contender } from './sync-servers.js'
import { source } from './trees.js'

/** The document of most of them. */
export const TEXT = source('shared', 20_000)
const BURST = 5_000
/** Ten seconds warm a server up here, as in the other flows at a pace: until then V8 compiles what will run. */
export const FIFTY = { sockets: 50, writers: 50, pace: 10, warmUp: 100, edits: 100 }

/** Fifty who write and read in one document. */
export async function fifty(): Promise<Section> {
  const measured = await flows(['shared'], TEXT, FIFTY)
  return {
    title: '50 writers and readers in one document, side by side',
    method: `50 sockets in one document of 20 kB; each makes 10 edits a second, and is sent those of all; 10 s to warm up, 10 s measured. ${method()}`,
    ...table(measured),
    notes: [
      judge(measured, 'Processor time a delivery', perDelivery, 0.5),
      judge(measured, 'p99', ({ p99 }) => p99, 1),
      ...rest(measured),
    ],
  }
}

/** Ten who write, three hundred who read. */
export async function readers(): Promise<Section> {
  const measured = await flows(['shared'], TEXT, { sockets: 310, writers: 10, pace: 20, warmUp: 200, edits: 200 })
  return {
    title: '10 writers and 300 readers in one document, side by side',
    method: `310 sockets in one document of 20 kB; ten of them make 20 edits a second each, all are sent all of them; 10 s to warm up, 10 s measured. ${method()}`,
    ...table(measured),
    notes: [
      judge(measured, 'Processor time a delivery', perDelivery, 0.5),
      judge(measured, 'p99', ({ p99 }) => p99, 0.5),
      ...rest(measured),
    ],
  }
}

/** A thousand in pairs. */
export async function many(): Promise<Section> {
  const names = Array.from({ length: 500 }, (_, i) => `document${i}`)
  const measured = await flows(names, source('small', 1_000), {
    sockets: 2,
    writers: 2,
    pace: 1,
    warmUp: 10,
    edits: 10,
  })
  return {
    title: '1,000 clients on 500 documents, side by side',
    method: `Two sockets in each of 500 documents of 1 kB; each makes one edit a second, and is sent both; 10 s to warm up, 10 s measured. ${method()}`,
    ...table(measured),
    notes: [judge(measured, 'Processor time a delivery', perDelivery, 1), ...rest(measured)],
  }
}

/** Very much at once. */
export async function burst(): Promise<Section> {
  const measured = await flows(['shared'], TEXT, {
    ...{ sockets: 201, writers: 1, pace: 'at once', warmUp: 500, edits: BURST },
  })
  return {
    title: 'A burst of 5,000 updates to 200 observers, side by side',
    method: `One socket sends 5,000 edits of a document of 20 kB as fast as the server takes them, after 500 to warm up; it and 200 others are sent all of them. ${method()}`,
    ...table(measured),
    notes: [judge(measured, 'Time until all have all', ({ seconds }) => seconds, 0.5), ...rest(measured)],
  }
}

export async function flows(
  names: readonly string[],
  text: string,
  task: Omit<FlowTask, 'target' | 'documents' | 'text'>,
  servers?: readonly Contender[],
): Promise<Measured<FlowResult>> {
  return await inRounds({
    ...(servers && { servers }),
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

export function perDelivery({ server, deliveries }: FlowResult): number {
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

export function micros(seconds: number): string {
  return `${(seconds * 1e6).toFixed(1)} µs`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
