/** Figures for `/metrics` (Prometheus) and for `status`; every one is measured where it happens. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DocumentState } from '../documents/open-documents.js'
import type { CommitMeasure, CommitQueue } from '../storage/commit-queue.js'

/** Group commits whose latency `status` tells about. */
const REMEMBERED = 1_000

export interface Gauges {
  readonly files: () => number
  readonly documents: () => Readonly<Record<DocumentState, number>>
  readonly rooms: () => number
  readonly connections: () => Readonly<Record<'agents' | 'observers' | 'peers', number>>
  readonly conflicts: () => number
  /** In bytes, over WebSockets. */
  readonly outbound: () => { readonly sent: number; readonly waiting: number }
  readonly queue: () => Pick<CommitQueue, 'pending' | 'state'>
}

export class Metrics {
  readonly registry = new Registry()
  readonly #commitSeconds: Histogram
  readonly #commitFailures: Counter
  readonly #refused: Counter<'code'>
  readonly #resyncs: Counter
  readonly #groundless: Counter
  readonly #divergence: Counter
  readonly #latencies: number[] = []
  #next = 0

  constructor(gauges: Gauges) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry, prefix: 'ensemble_' })
    this.#commitSeconds = new Histogram({
      name: 'ensemble_commit_seconds',
      help: 'From the start of a group commit until it is on stable storage.',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
      registers,
    })
    this.#commitFailures = new Counter({
      name: 'ensemble_commit_failures_total',
      help: 'Group commits that failed and were tried again.',
      registers,
    })
    this.#refused = new Counter({
      name: 'ensemble_refused_total',
      help: 'Requests, frames and connections refused, by error code.',
      labelNames: ['code'],
      registers,
    })
    this.#resyncs = new Counter({
      name: 'ensemble_resyncs_total',
      help: 'Readers that were too slow and got at once what they had not been sent.',
      registers,
    })
    this.#groundless = new Counter({
      name: 'ensemble_groundless_updates_total',
      help: 'Updates whose ground was lacking, so that their peers were asked for it.',
      registers,
    })
    this.#divergence = new Counter({
      name: 'ensemble_divergence_total',
      help: 'Documents that differed from the heads of their files when they were loaded; the log names them.',
      registers,
    })
    new Counter({
      name: 'ensemble_outbound_bytes_total',
      help: 'Bytes sent over WebSockets, with what waits to leave.',
      registers,
      collect() {
        this.reset()
        this.inc(gauges.outbound().sent)
      },
    })
    gauge('ensemble_outbound_waiting_bytes', 'Bytes that wait for readers.', () => gauges.outbound().waiting)
    gauge('ensemble_files', 'Files in the workspace.', gauges.files)
    gauge('ensemble_rooms', 'Documents that somebody has open.', gauges.rooms)
    gauge('ensemble_conflicts_open', 'Conflicts that wait for a decision.', gauges.conflicts)
    gauge('ensemble_storage_pending_bytes', 'Bytes that wait to be stored.', () => gauges.queue().pending.bytes)
    gauge('ensemble_storage_pending_rows', 'Rows that wait to be stored.', () => gauges.queue().pending.rows)
    gauge('ensemble_storage_degraded', '1 while storage refuses writes.', () => (gauges.queue().state === 'ok' ? 0 : 1))
    gaugeBy('kind', 'ensemble_connections', 'Open connections, by kind.', gauges.connections)
    const states =
      'Documents in memory: held while a text is decided, unsaved, live where someone has it open, or idle.'
    gaugeBy('state', 'ensemble_documents', states, gauges.documents)

    function gaugeBy(label: string, name: string, help: string, read: () => Readonly<Record<string, number>>): void {
      new Gauge({
        ...{ name, help, registers },
        labelNames: [label],
        collect() {
          for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count)
        },
      })
    }

    function gauge(name: string, help: string, read: () => number): void {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    }
  }

  committed({ stored, ms }: CommitMeasure): void {
    if (!stored) {
      this.#commitFailures.inc()
      return
    }
    this.#commitSeconds.observe(ms / 1000)
    this.#latencies[this.#next++ % REMEMBERED] = ms
  }

  refused(code: string): void {
    this.#refused.inc({ code })
  }

  resynced(): void {
    this.#resyncs.inc()
  }

  groundless(): void {
    this.#groundless.inc()
  }

  diverged(): void {
    this.#divergence.inc()
  }

  commitLatency(): { readonly p50: number; readonly p99: number } | null {
    const sorted = [...this.#latencies].sort((a, b) => a - b)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99) }
  }
}
