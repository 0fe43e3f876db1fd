/** The canvas over the agents' table. It moves with every batch of events, past the rendering of the page. */
import { useEffect, useRef } from 'preact/hooks'
import { LANE_SPAN } from '../model/lanes.js'
import { usePage, type Page } from './context.js'
import {
  TICK_WIDTH,
  drawLabels,
  drawLanes,
  drawScore,
  type LabelScene,
  type LanePlace,
  type ScoreColours,
} from './score-canvas.js'

/** What a narrow screen shows of each lane. In milliseconds. */
const NARROW_SPAN = 5 * 60_000

export interface ScoreProps {
  /** Whose lanes there are, in their order: the same list as before while they are the same. */
  readonly ids: readonly string[]
}

/** Stands inside of the element whose `[data-lane]` parts are the lanes. */
export function Score({ ids }: ScoreProps) {
  const page = usePage()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => (canvas.current === null ? undefined : keepDrawn(canvas.current, page)), [page, ids])
  return <canvas ref={canvas} class="score-canvas" aria-hidden="true" />
}

function keepDrawn(canvas: HTMLCanvasElement, { store, theme }: Page): () => void {
  const table = canvas.parentElement
  const context = canvas.getContext('2d')
  if (table === null || context === null) return () => undefined
  let lanes: readonly LanePlace[] = []
  let size = { width: 0, height: 0 }
  let axis = true
  let colours: { readonly theme: string; readonly of: (name: string) => string } | undefined
  const labels = document.createElement('canvas')
  let labelled = ''
  let fontFamily = ''
  let frame = 0
  /** What all lanes show, in milliseconds, and up to when. */
  let span = LANE_SPAN
  let now = 0
  /** Whose lanes are not as they are drawn; null: nothing is. */
  let touched: ReadonlySet<string> | null = null

  const labelsNow = (): CanvasImageSource | null => {
    const [lane] = lanes
    if (lane === undefined || colours === undefined) return null
    const scene: LabelScene = {
      ...{ width: size.width, span, now, lane: { left: lane.left, width: lane.width }, fontFamily },
      ...{ live: store.freshness.peek().kind !== 'offline', colour: colours.of('--text-3') },
    }
    const wanted = JSON.stringify([scene, devicePixelRatio])
    if (wanted !== labelled) drawLabels(labels, scene, devicePixelRatio)
    labelled = wanted
    return labels
  }
  const draw = () => {
    frame = 0
    // A table that is just being taken off the page has no size, and nothing can be drawn from a canvas without one.
    if (size.width === 0 || size.height === 0) return
    if (colours?.theme !== theme.theme.peek()) colours = { theme: theme.theme.peek(), of: colourReader(table) }
    if (touched === null) {
      span = axis ? LANE_SPAN : NARROW_SPAN
      now = store.serverNow.peek()
    }
    const { lanes: history, locks } = store.lanes.peek()
    const scene = {
      ...{ ...size, lanes, span, now, axis },
      ticks: (author: string) => history.ticks(author),
      held: (author: string) => locks.held(author, now - span),
      waits: (author: string) => locks.waits(author, now - span),
      collisions: history.collisions(now - span),
      colours: sceneColours(colours.of, (author) => store.tag(author).colour),
    }
    if (touched === null) drawScore(context, scene, axis ? labelsNow() : null, devicePixelRatio)
    else drawLanes(context, scene, touched, devicePixelRatio)
    touched = new Set()
  }
  const drawSoon = () => {
    if (frame === 0) frame = requestAnimationFrame(draw)
  }
  const drawAllSoon = () => {
    touched = null
    drawSoon()
  }
  // The observer is called when layout is done: measuring costs nothing there.
  const measure = () => {
    axis = matchMedia('(min-width: 641px)').matches
    size = { width: table.clientWidth, height: table.clientHeight }
    const origin = canvas.getBoundingClientRect()
    lanes = [...table.querySelectorAll<HTMLElement>('[data-lane]')].map((lane) => {
      const { left, top, width, height } = lane.getBoundingClientRect()
      return { author: lane.dataset['lane'] ?? '', left: left - origin.left, top: top - origin.top, width, height }
    })
    canvas.width = size.width * devicePixelRatio
    canvas.height = size.height * devicePixelRatio
    fontFamily = getComputedStyle(canvas).fontFamily
    cancelAnimationFrame(frame)
    touched = null
    draw()
  }
  const observer = new ResizeObserver(measure)
  observer.observe(table)
  const gone = new AbortController()
  /** It is not called when the window goes to a screen of finer pixels. */
  const followScreen = () => {
    const moved = () => {
      measure()
      followScreen()
    }
    const screen = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    screen.addEventListener('change', moved, { once: true, signal: gone.signal })
  }
  followScreen()
  const disposers = [
    store.lanes.subscribe(({ touched: more }) => {
      touched = touched === null || more === null ? null : new Set([...touched, ...more])
      drawSoon()
    }),
    // Everything moves with the time, as soon as that is as much as a tick is wide: sooner nobody would see it.
    store.serverNow.subscribe((time) => {
      const tick = (span * TICK_WIDTH) / Math.max(TICK_WIDTH, lanes[0]?.width ?? 0)
      if (Math.abs(time - now) >= tick) drawAllSoon()
    }),
    store.freshness.subscribe(drawAllSoon),
    theme.theme.subscribe(drawAllSoon),
  ]
  void document.fonts.ready.then(() => {
    labelled = ''
    drawAllSoon()
  })
  return () => {
    observer.disconnect()
    gone.abort()
    for (const dispose of disposers) dispose()
    cancelAnimationFrame(frame)
  }
}

function sceneColours(of: (name: string) => string, colourOf: (author: string) => number | null): ScoreColours {
  return {
    background: of('--bg'),
    line: of('--line'),
    text: of('--text'),
    collision: of('--bad-solid'),
    waits: of('--text-2'),
    agent: (author) => of(colourOf(author) === null ? '--text' : `--agent-${String(colourOf(author))}`),
  }
}

/** A canvas knows no custom properties; an element that has the colour tells what it comes to. */
function colourReader(parent: HTMLElement): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const probe = document.createElement('i')
    probe.style.color = `var(${name})`
    parent.append(probe)
    const colour = getComputedStyle(probe).color
    probe.remove()
    known.set(name, colour)
    return colour
  }
}
