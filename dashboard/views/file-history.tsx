/** The history of a file: edits by agent over time, and a slider to the text as it was. */
import { useEffect, useRef } from 'preact/hooks'
import { useSignal, type Signal } from '@preact/signals'
import type { HistoryEntry } from '../../protocol/history.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { formatCount, formatShortClock } from '../model/format.js'
import type { Place } from '../model/place.js'
import { joinEntries, revAt, stepFrom, ticksOf, type Tick } from '../model/timeline.js'
import { agentColour } from '../parts/agent-tag.js'
import { useCommands, usePage } from '../parts/context.js'

/** Revisions that are read at first, and after each change. */
const FIRST = 500
const LATER = 50
/** A change is asked for after this time, so that a busy file is asked about no oftener. In milliseconds. */
const SETTLES_IN = 400
/** Of the slider, from end to end. */
const STEPS = 1_000
/** Lines of an edit whose bar is as high as any. */
const HIGHEST = 40

export interface FileHistoryProps {
  readonly path: WorkspacePath
  readonly rev: number
  readonly place: Signal<Place>
}

export function FileHistory({ path, rev, place }: FileHistoryProps) {
  const { store, link } = usePage()
  const entries = useSignal<readonly HistoryEntry[]>([])
  const isWhole = useSignal(true)
  const isLive = store.connection.value.kind === 'live'
  useEffect(() => {
    if (!isLive) return
    const isFirst = entries.peek().length === 0
    const timer = setTimeout(
      () => {
        link.ask('history', { path, limit: isFirst ? FIRST : LATER }).then(
          (read) => {
            if (isFirst) isWhole.value = read.next === null
            entries.value = joinEntries(entries.peek(), read.entries)
          },
          // What is known stays; the next change asks again.
          () => undefined,
        )
      },
      isFirst ? 0 : SETTLES_IN,
    )
    return () => clearTimeout(timer)
  }, [path, rev, isLive])

  const now = store.serverNow.value
  const ticks = ticksOf(entries.value, now)
  const shown = place.value.rev
  const tick = ticks.find((one) => one.rev === shown)
  const go = (to: number | null) => {
    place.value = { rev: to, lines: null }
  }
  useCommands({
    older: () => go(stepFrom(ticksOf(entries.peek(), store.serverNow.peek()), place.peek().rev, -1)),
    newer: () => go(stepFrom(ticksOf(entries.peek(), store.serverNow.peek()), place.peek().rev, 1)),
  })
  const entry = entries.value.find((one) => one.rev === shown)
  const words =
    shown === null
      ? 'Live'
      : entry === undefined
        ? `Revision ${shown}`
        : `As of ${formatShortClock(entry.time)}, revision ${shown}, by ${store.tag(entry.author).name}`
  const first = entries.value[0]
  return (
    <section class="history" aria-label="History">
      <div class="history-line">
        <Bars ticks={ticks} shown={shown} />
        <input
          type="range"
          min={0}
          max={STEPS}
          step={1}
          value={shown === null ? STEPS : Math.round((tick?.x ?? 0) * STEPS)}
          aria-label="The file as it was"
          aria-valuetext={words}
          onInput={(event) => go(revAt(ticks, Number(event.currentTarget.value) / STEPS))}
          onKeyDown={(event) => {
            const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 } as const
            const wanted = Object.entries(step).find(([key]) => key === event.key)?.[1]
            if (wanted === undefined) return
            event.preventDefault()
            go(stepFrom(ticks, shown, wanted))
          }}
        />
        <div class="history-axis" aria-hidden="true">
          <span>{first !== undefined && formatShortClock(first.time)}</span>
          <span>now</span>
        </div>
      </div>
      <p class="history-words">
        <b>
          {shown === null
            ? 'Live'
            : entry === undefined
              ? `Revision ${shown}`
              : `as of ${formatShortClock(entry.time)}`}
        </b>
        {first !== undefined && (
          <span class="soft">
            {isWhole.value ? '' : 'the last '}
            {formatCount(entries.value.length, 'change')} since {formatShortClock(first.time)}
          </span>
        )}
      </p>
    </section>
  )
}

const HEIGHT = 30

function Bars({ ticks, shown }: { readonly ticks: readonly Tick[]; readonly shown: number | null }) {
  const { store, theme } = usePage()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d') ?? null
    if (element === null || context === null) return
    const ratio = window.devicePixelRatio
    const width = element.clientWidth
    element.width = Math.round(width * ratio)
    element.height = HEIGHT * ratio
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    const style = getComputedStyle(element)
    context.fillStyle = style.getPropertyValue('--line-now')
    context.fillRect(0, HEIGHT - 1, width, 1)
    for (const { rev, author, x, size } of ticks) {
      const colour = agentColour(store.tag(author)).replace(/^var\((.*)\)$/, '$1')
      element.style.color = `var(${colour})`
      context.fillStyle = getComputedStyle(element).color
      context.globalAlpha = shown === null || rev <= shown ? 1 : 0.35
      const height = 5 + (HEIGHT - 7) * Math.min(1, Math.log1p(size) / Math.log1p(HIGHEST))
      context.fillRect(Math.min(width - 2, x * width), HEIGHT - height, 2, height)
    }
    context.globalAlpha = 1
    // Times of bars move by less than a pixel a second: the clock alone draws nothing anew.
  }, [ticks.length, ticks.at(-1)?.rev, shown, theme.theme.value, Math.floor((ticks.at(-1)?.x ?? 0) * 200)])
  return <canvas ref={canvas} class="history-bars" height={HEIGHT} aria-hidden="true" />
}
