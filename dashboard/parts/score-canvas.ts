/** Drawing the score: pure in what it is given, on a canvas of our own, since hundreds of ticks move every second. */
import { BUCKET, type Collision, type Tick } from '../model/lanes.js'
import { formatShortClock } from '../model/format.js'
import type { Span } from '../model/lock-spans.js'

export interface LanePlace {
  readonly author: string
  /** Within the canvas, in CSS pixels. */
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface ScoreScene {
  readonly width: number
  readonly height: number
  readonly lanes: readonly LanePlace[]
  /** The time that a lane shows, in milliseconds, and its right end by the server's clock. */
  readonly span: number
  readonly now: number
  /** One axis below all lanes, with lines through them; false: each lane stands alone. */
  readonly axis: boolean
  readonly ticks: (author: string) => readonly Tick[]
  /** When it held a lock, and when it waited for one. */
  readonly held: (author: string) => readonly Span[]
  readonly waits: (author: string) => readonly Span[]
  readonly collisions: readonly Collision[]
  readonly colours: ScoreColours
}

export interface ScoreColours {
  readonly background: string
  readonly line: string
  readonly text: string
  readonly collision: string
  readonly waits: string
  readonly agent: (author: string) => string
}

const GRID = 5 * 60_000
/** In CSS pixels. */
export const TICK_WIDTH = 2
const TALLEST_UP = 20
const TALLEST_DOWN = 8
const AXIS_HEIGHT = 20
const DIAMOND = 4.5
/** Of the bar of a lock: its height, and how far its top is above the foot of its lane, with an axis and without. */
const BAR = { tall: 7, low: 5, above: 13, aboveLow: 6 }
/** How strongly it is filled. */
const BAR_FILL = 0.22
const HATCH = { height: 12, every: 5 }

/**
 * Draws the lanes of these alone, over a picture of which the rest is still right: the same time, places and colours.
 * Whoever else is in the scene is passed over; what goes through several lanes is drawn as far as it is in these.
 */
export function drawLanes(
  context: CanvasRenderingContext2D,
  scene: ScoreScene,
  authors: ReadonlySet<string>,
  scale: number,
): void {
  const lanes = scene.lanes.filter((lane) => authors.has(lane.author))
  context.save()
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.beginPath()
  for (const { top, height } of lanes) {
    // Whole pixels of the screen: at the edge of half a one the old picture would shine through.
    const from = Math.floor(top * scale)
    context.rect(0, from, scene.width * scale, Math.ceil((top + height) * scale) - from)
  }
  context.clip()
  drawPicture(context, scene, lanes, scale)
  context.restore()
}

/**
 * @param labels as drawLabels made them; null: without an axis there are none
 * @param scale device pixels per CSS pixel
 */
export function drawScore(
  context: CanvasRenderingContext2D,
  scene: ScoreScene,
  labels: CanvasImageSource | null,
  scale: number,
): void {
  drawPicture(context, scene, scene.lanes, scale)
  if (labels !== null) context.drawImage(labels, 0, scene.height - AXIS_HEIGHT, scene.width, AXIS_HEIGHT)
}

function drawPicture(
  context: CanvasRenderingContext2D,
  scene: ScoreScene,
  lanes: readonly LanePlace[],
  scale: number,
): void {
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, scene.width, scene.height)
  if (scene.axis) drawAxis(context, scene)
  for (const lane of lanes) {
    drawLane(context, scene, lane)
    for (const span of scene.held(lane.author)) drawHeld(context, scene, lane, span)
    for (const span of scene.waits(lane.author)) drawWait(context, scene, lane, span)
  }
  for (const collision of scene.collisions) drawCollision(context, scene, collision)
  const lane = scene.lanes[0]
  if (!scene.axis || lane === undefined) return
  context.fillStyle = scene.colours.text
  context.fillRect(lane.left + lane.width - 1, 0, 1, scene.height - AXIS_HEIGHT)
}

/** What drawLabels needs of a scene: while none of it changes, its picture stays. */
export type LabelScene = Pick<ScoreScene, 'width' | 'span' | 'now'> & {
  /** The right end is the present. */
  readonly live: boolean
  readonly lane: Pick<LanePlace, 'left' | 'width'>
  /** As CSS has it. */
  readonly colour: string
  readonly fontFamily: string
}

/**
 * The times below the lanes. On a canvas of their own that stands in no document: to write on one that does, the browser
 * first works out the styles of all that has just changed in the page.
 */
export function drawLabels(canvas: HTMLCanvasElement, scene: LabelScene, scale: number): void {
  canvas.width = scene.width * scale
  canvas.height = AXIS_HEIGHT * scale
  const context = canvas.getContext('2d')
  if (context === null) return
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.font = `11px ${scene.fontFamily}`
  context.fillStyle = scene.colour
  const { left, width } = scene.lane
  const foot = AXIS_HEIGHT - 6
  for (const time of gridOf(scene)) {
    const x = Math.round(xOf(scene, scene.lane, time))
    // Beside "now" there is no room for another word.
    if (x > left + width - 60) continue
    context.textAlign = x < left + 16 ? 'left' : 'center'
    context.fillText(formatShortClock(time), Math.max(x, left), foot)
  }
  context.textAlign = 'right'
  context.fillText(scene.live ? 'now' : formatShortClock(scene.now), left + width, foot)
}

function gridOf({ span, now }: Pick<ScoreScene, 'span' | 'now'>): number[] {
  const first = Math.ceil((now - span) / GRID) * GRID
  return Array.from({ length: Math.max(0, Math.ceil((now - first) / GRID)) }, (_, index) => first + index * GRID)
}

/** Of a line count, logarithmic: one line is seen, hundreds do not leave the lane. */
export function tickHeight(lines: number, tallest: number): number {
  if (lines === 0) return 0
  return Math.min(tallest, 2 + (tallest - 2) * (Math.log1p(lines) / Math.log1p(100)))
}

function xOf(
  { span, now }: Pick<ScoreScene, 'span' | 'now'>,
  lane: Pick<LanePlace, 'left' | 'width'>,
  time: number,
): number {
  return lane.left + ((time - (now - span)) / span) * lane.width
}

function middleOf(lane: LanePlace): number {
  return lane.top + lane.height / 2 + 3
}

function drawLane(context: CanvasRenderingContext2D, scene: ScoreScene, lane: LanePlace): void {
  const middle = middleOf(lane)
  context.fillStyle = scene.colours.line
  context.fillRect(lane.left, Math.round(middle), lane.width, 1)
  context.fillStyle = scene.colours.agent(lane.author)
  for (const tick of scene.ticks(lane.author)) {
    // The bucket's middle, so that a tick never stands in the future.
    const x = xOf(scene, lane, Math.min(tick.time + BUCKET / 2, scene.now))
    if (x < lane.left) continue
    const up = Math.max(2, tickHeight(tick.added, TALLEST_UP))
    const down = tickHeight(tick.removed, TALLEST_DOWN)
    context.fillRect(Math.min(x, lane.left + lane.width - TICK_WIDTH), middle - up, TICK_WIDTH, up + down)
  }
}

/** The part of a lane that a span takes; at least as wide as a tick. */
function extent(
  scene: ScoreScene,
  lane: LanePlace,
  { from, to }: Span,
): { readonly left: number; readonly width: number } {
  const left = Math.max(lane.left, xOf(scene, lane, from))
  const right = Math.min(lane.left + lane.width, xOf(scene, lane, Math.min(to ?? Infinity, scene.now)))
  return { left, width: Math.max(TICK_WIDTH, right - left) }
}

function drawHeld(context: CanvasRenderingContext2D, scene: ScoreScene, lane: LanePlace, span: Span): void {
  const { left, width } = extent(scene, lane, span)
  const [height, above] = scene.axis ? [BAR.tall, BAR.above] : [BAR.low, BAR.aboveLow]
  const top = Math.round(lane.top + lane.height) - above
  context.fillStyle = context.strokeStyle = scene.colours.agent(lane.author)
  context.globalAlpha = BAR_FILL
  context.fillRect(left, top, width, height)
  context.globalAlpha = 1
  context.lineWidth = 1
  context.strokeRect(Math.round(left) + 0.5, top + 0.5, Math.max(1, Math.round(width) - 1), height - 1)
}

function drawWait(context: CanvasRenderingContext2D, scene: ScoreScene, lane: LanePlace, span: Span): void {
  const { left, width } = extent(scene, lane, span)
  const top = middleOf(lane) - HATCH.height / 2
  context.save()
  context.beginPath()
  context.rect(left, top, width, HATCH.height)
  context.clip()
  context.strokeStyle = scene.colours.waits
  context.lineWidth = 1.5
  context.beginPath()
  // From the lane's own begin on: the pattern stays while the span grows.
  const first = lane.left + Math.floor((left - lane.left - HATCH.height) / HATCH.every) * HATCH.every
  for (let x = first; x < left + width; x += HATCH.every) {
    context.moveTo(x, top + HATCH.height)
    context.lineTo(x + HATCH.height, top)
  }
  context.stroke()
  context.restore()
}

function drawCollision(context: CanvasRenderingContext2D, scene: ScoreScene, { time, authors }: Collision): void {
  const lanes = scene.lanes.filter((lane) => authors.includes(lane.author))
  const points = lanes.map((lane) => ({ x: xOf(scene, lane, time), y: middleOf(lane) }))
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return
  context.strokeStyle = context.fillStyle = scene.colours.collision
  if (scene.axis) {
    context.lineWidth = 1.5
    context.beginPath()
    context.moveTo(first.x, first.y)
    context.lineTo(last.x, last.y)
    context.stroke()
  }
  for (const { x, y } of points) drawDiamond(context, scene, x, y)
}

function drawDiamond(context: CanvasRenderingContext2D, { colours }: ScoreScene, x: number, y: number): void {
  const reach = DIAMOND * Math.SQRT2
  context.beginPath()
  context.moveTo(x, y - reach)
  context.lineTo(x + reach, y)
  context.lineTo(x, y + reach)
  context.lineTo(x - reach, y)
  context.closePath()
  context.fillStyle = colours.collision
  context.fill()
  context.lineWidth = 1.5
  context.strokeStyle = colours.background
  context.stroke()
}

function drawAxis(context: CanvasRenderingContext2D, scene: ScoreScene): void {
  const lane = scene.lanes[0]
  if (lane === undefined) return
  const foot = scene.height - AXIS_HEIGHT
  context.fillStyle = scene.colours.line
  context.fillRect(Math.round(lane.left), 0, 1, foot)
  for (const time of gridOf(scene)) context.fillRect(Math.round(xOf(scene, lane, time)), 0, 1, foot)
}
