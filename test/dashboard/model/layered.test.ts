import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { layered, type GraphEdge } from '../../../dashboard/model/layered.js'

const edge = (from: string, to: string): GraphEdge => ({ from, to })
const columns = (nodes: string[], edges: GraphEdge[]) =>
  Object.fromEntries([...layered(nodes, edges).places].map(([id, { column }]) => [id, column]))

describe('a graph in columns', () => {
  test('has what comes first on the left, as far as the longest way', () => {
    expect(columns(['a', 'b', 'c', 'd'], [edge('a', 'b'), edge('b', 'd'), edge('a', 'd')])).toEqual({
      ...{ a: 0, b: 1, c: 0, d: 2 },
    })
  })

  test('gives an edge that passes a column a place of its own there', () => {
    const { places, edges } = layered(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'c'), edge('a', 'c')])
    const [through] = edges.find(({ from, to }) => from === 'a' && to === 'c')?.through ?? []
    expect(through?.column).toBe(1)
    expect(through?.row).not.toBe(places.get('b')?.row)
  })

  test('puts a node beside those that it belongs to', () => {
    const { places } = layered(['a', 'b', 'x', 'y'], [edge('a', 'y'), edge('b', 'x')])
    expect(places.get('y')?.row).toBe(places.get('a')?.row)
    expect(places.get('x')?.row).toBe(places.get('b')?.row)
  })

  test('leads a circle back, instead of without end', () => {
    const circle = [edge('a', 'b'), edge('b', 'c'), edge('c', 'a')]
    expect(columns(['a', 'b', 'c'], circle)).toEqual({ a: 0, b: 1, c: 2 })
    expect(layered(['a', 'b', 'c'], circle).edges).toHaveLength(3)
  })

  test('of any shape has every node once, and no two things at one place', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const names = fc.constantFrom(...nodes)
    fc.assert(
      fc.property(fc.array(fc.record({ from: names, to: names }), { maxLength: 20 }), (edges) => {
        const graph = layered(nodes, edges)
        expect([...graph.places.keys()].sort()).toEqual(nodes)
        const all = [...graph.places.values(), ...graph.edges.flatMap(({ through }) => through)]
        const distinct = new Set(all.map(({ column, row }) => `${column} ${row}`))
        const passing = new Set(graph.edges.map(({ from, to }) => `${from} ${to}`))
        // Of two equal edges both take the same places.
        expect(distinct.size).toBeGreaterThanOrEqual(nodes.length)
        if (passing.size === graph.edges.length) {
          const back = graph.edges.some(({ from, to }) => passing.has(`${to} ${from}`))
          if (!back) expect(distinct.size).toBe(all.length)
        }
        for (const { column, row } of all) {
          expect(column).toBeLessThan(graph.columns)
          expect(row).toBeLessThanOrEqual(graph.rows - 1)
        }
      }),
    )
  })
})
