/** The same measured for each server in turn, some times over, so that what the machine does meanwhile meets all alike. */
import { quantile, verdict } from './figures.js'
import { contenders, peers, Server, type Contender, type StartOptions } from './sync-servers.js'

const ROUNDS = 3

/** How all is measured. */
export function method(rounds = ROUNDS): string {
  return (
    'Each server is a process of its own, fresh for each run; the load is another one, of raw sockets that decode no document ' +
    'but look for marks in what they are sent, its updates made beforehand. ' +
    `The servers take turns, ${rounds === 1 ? 'once' : `${rounds} rounds: median (least–most)`}. ` +
    'Ensemble is durable, on lmdb, its data on a disk; y-websocket and Hocuspocus keep their documents in memory alone. ' +
    'A delivery is one update that reaches one socket, that of its writer too; a frame with several updates counts as several. ' +
    'Processor time is utime and stime of the server’s process.'
  )
}

export type Measured<T> = ReadonlyMap<Contender, readonly T[]>

export interface RoundsOptions<T> {
  readonly start: StartOptions
  readonly measure: (server: Server) => Promise<T>
  /** One line of what was measured. */
  readonly say: (measured: T) => string
  readonly rounds?: number
  /** Default: Ensemble and its peers. */
  readonly servers?: readonly Contender[]
}

/** A server is fresh each time. */
export async function inRounds<T>(options: RoundsOptions<T>): Promise<Measured<T>> {
  const { start, measure, say, rounds = ROUNDS, servers = contenders } = options
  const measured = new Map<Contender, T[]>(servers.map((contender) => [contender, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of servers) {
      const server = await Server.start(contender, start)
      try {
        const one = await measure(server)
        measured.get(contender)?.push(one)
        progress(`${round} of ${rounds}, ${contender}: ${say(one)}`)
      } finally {
        await server.close()
      }
    }
  }
  return measured
}

export function progress(what: string): void {
  process.stderr.write(`  ${what}\n`)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The median, with the least and the most. */
export function spread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 1) return format(median(values))
  return `${format(median(values))} (${format(Math.min(...values))}–${format(Math.max(...values))})`
}

function mediansOf<T>(measured: Measured<T>, value: (one: T) => number): (contender: Contender) => number {
  return (contender) => median((measured.get(contender) ?? []).map(value))
}

/**
 * Judges a figure of a file's document, of which less is better, against the better peer's; says a free document's as well.
 * @param share how much of the better peer's it may be
 */
export function judge<T>(measured: Measured<T>, what: string, value: (one: T) => number, share: number): string {
  const of = mediansOf(measured, value)
  const better = Math.min(...peers.map(of))
  const [file, free] = [of('Ensemble, a file') / better, of('Ensemble, a free document') / better]
  const target = share === 1 ? "no more than the better peer's" : `≤ ${share} × the better peer's`
  return `- ${what} ${target}: ${verdict(file <= share)} (${file.toFixed(2)} ×; a free document ${free.toFixed(2)} ×).`
}

/** Of all runs of Ensemble, and of the peers. */
export function judgeLoss<T>(measured: Measured<T>, lost: (one: T) => number): string {
  const sum = (names: readonly Contender[]): number =>
    names.flatMap((name) => measured.get(name) ?? []).reduce((total, one) => total + lost(one), 0)
  const ours = sum(contenders.filter((name) => !peers.includes(name)))
  return `- Lost: ${ours}: ${verdict(ours === 0)}; by the peers: ${sum(peers)}.`
}
