/** Draws a small graph: nodes are what the view makes of them, edges lie behind; a list says the same in words. */
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { layered, type GraphEdge, type Layered, type Place } from '../model/layered.js'

/** In CSS pixels. */
const NODE = { width: 176, height: 56 }
const GAP = { x: 64, y: 16 }
/** Between columns, where edges have labels. */
const LABELLED_GAP = 150
/** Room for an edge that leads back, below. */
const BELOW = 28

export interface DrawnEdge extends GraphEdge {
  /** Stands at its middle. */
  readonly label?: string
}

export interface GraphProps {
  /** What it shows, for whoever does not see it. */
  readonly label: string
  readonly nodes: readonly string[]
  readonly edges: readonly DrawnEdge[]
  readonly node: (id: string) => ComponentChildren
  /** Each edge as a sentence. */
  readonly words: (edge: DrawnEdge) => string
}

export function Graph({ label, nodes, edges, node, words }: GraphProps) {
  const shape = JSON.stringify([nodes, edges.map(({ from, to }) => [from, to])])
  const layout = useMemo(() => layered(nodes, edges), [shape])
  const field = new Field(layout, edges.some((edge) => edge.label !== undefined) ? LABELLED_GAP : GAP.x)
  const { width, height } = field
  const labelled = layout.edges.flatMap((edge) => {
    const text = edges.find(({ from, to }) => from === edge.from && to === edge.to)?.label
    return text === undefined ? [] : [{ ...edge, text, at: field.middle(edge) }]
  })
  return (
    <div class="graph" role="group" aria-label={label} tabIndex={0}>
      <div class="graph-field" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          <defs>
            <marker id="graph-end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
              <path d="M0 0L8 4L0 8z" />
            </marker>
          </defs>
          {layout.edges.map((edge) => (
            <path
              key={`${edge.from} ${edge.to}`}
              class="graph-edge"
              d={field.path(edge)}
              marker-end="url(#graph-end)"
            />
          ))}
        </svg>
        {labelled.map(({ from, to, text, at }) => (
          <span
            key={`${from} ${to}`}
            class="graph-label"
            aria-hidden="true"
            title={text}
            style={{ left: `${at.x}px`, top: `${at.y}px` }}
          >
            {text}
          </span>
        ))}
        {[...layout.places].map(([id, place]) => (
          <div
            key={id}
            class="graph-node"
            style={{ left: `${field.corner(place).x}px`, top: `${field.corner(place).y}px` }}
          >
            {node(id)}
          </div>
        ))}
      </div>
      <ul class="visually-hidden">
        {edges.map((edge) => (
          <li key={`${edge.from} ${edge.to}`}>{words(edge)}</li>
        ))}
      </ul>
    </div>
  )
}

interface Point {
  readonly x: number
  readonly y: number
}
type Edge = Layered['edges'][number]

/** Where things stand, in CSS pixels. */
class Field {
  readonly width: number
  readonly height: number
  readonly #layout: Layered
  readonly #step: Point

  constructor(layout: Layered, gap: number) {
    this.#layout = layout
    this.#step = { x: NODE.width + gap, y: NODE.height + GAP.y }
    const hasBack = layout.edges.some((edge) => this.#ends(edge).isBack)
    this.width = layout.columns * this.#step.x - gap
    this.height = layout.rows * this.#step.y - GAP.y + (hasBack ? BELOW : 0)
  }

  corner({ column, row }: Place): Point {
    return { x: column * this.#step.x, y: row * this.#step.y }
  }

  path(edge: Edge): string {
    const { start, end, isBack } = this.#ends(edge)
    const half = NODE.height / 2
    if (isBack) {
      // Round below, from the foot of one to the foot of the other.
      const [x1, y1] = [start.x + NODE.width / 2, start.y + NODE.height]
      const [x2, y2] = [end.x + NODE.width / 2, end.y + NODE.height + 2]
      const low = Math.max(y1, y2) + BELOW
      return `M${x1} ${y1}C${x1} ${low} ${x2} ${low} ${x2} ${y2}`
    }
    const points = [
      { x: start.x + NODE.width, y: start.y + half },
      ...edge.through.flatMap((place) => {
        const { x, y } = this.corner(place)
        return [
          { x, y: y + half },
          { x: x + NODE.width, y: y + half },
        ]
      }),
      { x: end.x - 1, y: end.y + half },
    ]
    return points.reduce((drawn, point, index) => {
      const before = points[index - 1]
      if (before === undefined) return `M${point.x} ${point.y}`
      const bend = (point.x - before.x) / 2
      return `${drawn}C${before.x + bend} ${before.y} ${point.x - bend} ${point.y} ${point.x} ${point.y}`
    }, '')
  }

  middle(edge: Edge): Point {
    const { start, end, isBack } = this.#ends(edge)
    if (isBack) {
      const foot = Math.max(start.y, end.y) + NODE.height
      return { x: (start.x + end.x + NODE.width) / 2, y: foot + BELOW * 0.75 }
    }
    const last = edge.through.at(-1)
    const left = last === undefined ? start : this.corner(last)
    return { x: (left.x + NODE.width + end.x) / 2, y: (left.y + end.y + NODE.height) / 2 }
  }

  #ends(edge: Edge): { readonly start: Point; readonly end: Point; readonly isBack: boolean } {
    const none = { column: 0, row: 0 }
    const { places } = this.#layout
    const [from, to] = [places.get(edge.from) ?? none, places.get(edge.to) ?? none]
    return { start: this.corner(from), end: this.corner(to), isBack: to.column <= from.column }
  }
}
