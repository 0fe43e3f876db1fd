/**
 * A small graph in columns, each edge from left to right: what comes first stands left. An edge that would close a circle
 * leads back; one that passes columns has a place of its own in each, so that it crosses no node.
 */

export interface GraphEdge {
  readonly from: string
  readonly to: string
}

export interface Place {
  /** Both from 0; a row may be a half, where a column has fewer than the fullest. */
  readonly column: number
  readonly row: number
}

export interface Layered {
  readonly columns: number
  readonly rows: number
  readonly places: ReadonlyMap<string, Place>
  /** As given, each with the places that it passes between its ends. */
  readonly edges: readonly (GraphEdge & { readonly through: readonly Place[] })[]
}

/** How often the order within the columns is made better. */
const SWEEPS = 4

/** @param edges between `nodes`; those of a node to itself are left out */
export function layered(nodes: readonly string[], edges: readonly GraphEdge[]): Layered {
  const real = edges.filter(({ from, to }) => from !== to && nodes.includes(from) && nodes.includes(to))
  const forward = forwardOf(nodes, real)
  const columnOf = columnsOf(nodes, forward)
  const columns: string[][] = []
  const put = (id: string, column: number) => (columns[column] ??= []).push(id)
  for (const id of nodes) put(id, columnOf.get(id) ?? 0)

  // Each edge as a chain of steps from one column to the next.
  const steps: GraphEdge[] = []
  const bends = new Map<GraphEdge, string[]>()
  for (const edge of real) {
    const isForward = forward.includes(edge)
    const [left, right] = isForward ? [edge.from, edge.to] : [edge.to, edge.from]
    const between: string[] = []
    for (let column = (columnOf.get(left) ?? 0) + 1; column < (columnOf.get(right) ?? 0); column++) {
      const bend = `${left}\n${right}\n${column}`
      put(bend, column)
      between.push(bend)
    }
    const chain = [left, ...between, right]
    chain.slice(1).forEach((to, at) => steps.push({ from: chain[at] ?? left, to }))
    bends.set(edge, isForward ? between : between.toReversed())
  }
  order(columns, steps)

  const rows = Math.max(0, ...columns.map((column) => column.length))
  const all = new Map<string, Place>()
  columns.forEach((ids, column) => {
    ids.forEach((id, row) => all.set(id, { column, row: row + (rows - ids.length) / 2 }))
  })
  return {
    ...{ columns: columns.length, rows },
    places: new Map([...all].filter(([id]) => columnOf.has(id))),
    edges: real.map((edge) => ({ ...edge, through: (bends.get(edge) ?? []).flatMap((bend) => all.get(bend) ?? []) })),
  }
}

/** The edges without those that close a circle, as they are met from the first node on. */
function forwardOf(nodes: readonly string[], edges: readonly GraphEdge[]): readonly GraphEdge[] {
  const forward: GraphEdge[] = []
  const state = new Map<string, 'open' | 'left'>()
  const visit = (id: string): void => {
    state.set(id, 'open')
    for (const edge of edges) {
      if (edge.from !== id || state.get(edge.to) === 'open') continue
      forward.push(edge)
      if (!state.has(edge.to)) visit(edge.to)
    }
    state.set(id, 'left')
  }
  for (const id of nodes) if (!state.has(id)) visit(id)
  return forward
}

/** A node stands right of all that leads to it. */
function columnsOf(nodes: readonly string[], forward: readonly GraphEdge[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>()
  const columnOf = (id: string): number => {
    const before = known.get(id)
    if (before !== undefined) return before
    const column = Math.max(-1, ...forward.filter(({ to }) => to === id).map(({ from }) => columnOf(from))) + 1
    known.set(id, column)
    return column
  }
  for (const id of nodes) columnOf(id)
  return known
}

/** Moves each node towards the middle of its neighbours, from left to right and back. */
function order(columns: string[][], steps: readonly GraphEdge[]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isRightward = sweep % 2 === 0
    const row = new Map(columns.flatMap((ids) => ids.map((id, index) => [id, index] as const)))
    for (const ids of isRightward ? columns : columns.toReversed()) {
      const wish = new Map(
        ids.map((id, index) => {
          const beside = steps.flatMap(({ from, to }) =>
            isRightward ? (to === id ? [from] : []) : from === id ? [to] : [],
          )
          const sum = beside.reduce((total, other) => total + (row.get(other) ?? 0), 0)
          return [id, beside.length === 0 ? index : sum / beside.length]
        }),
      )
      ids.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0))
      ids.forEach((id, index) => row.set(id, index))
    }
  }
}
