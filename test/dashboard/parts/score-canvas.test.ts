import { expect, test } from 'vitest'
import { drawLanes, type ScoreScene } from '../../../dashboard/parts/score-canvas.js'
import { NOON } from '../builders.js'

/** Writes down what is drawn, with the colour of the moment. */
function recorder() {
  const drawn: (readonly [what: string, ...args: unknown[]])[] = []
  const state: Record<string, unknown> = {}
  const context = new Proxy(state, {
    get: (_, name): unknown =>
      state[String(name)] ?? ((...args: unknown[]) => drawn.push([String(name), state['fillStyle'], ...args])),
  })
  // It stands in for the few members that drawing uses.
  return { drawn, context: context as unknown as CanvasRenderingContext2D }
}

const lane = (author: string, top: number) => ({ author, left: 100, top, width: 900, height: 52 })

function scene(ticks: ScoreScene['ticks']): ScoreScene {
  return {
    ...{ width: 1_000, height: 176, span: 900_000, now: NOON, axis: true, ticks },
    lanes: [lane('A', 0), lane('B', 52.3), lane('C', 104.6)],
    ...{ held: () => [], waits: () => [], collisions: [] },
    colours: {
      ...{ background: 'white', line: 'grey', text: 'black', collision: 'red', waits: 'dim' },
      agent: (author) => `colour of ${author}`,
    },
  }
}

test('a lane that changed is drawn alone, on whole pixels of the screen and nowhere else', () => {
  const { drawn, context } = recorder()
  const ticks = () => [{ time: NOON - 60_000, added: 1, removed: 0 }]
  drawLanes(context, scene(ticks), new Set(['B', 'gone']), 1.25)
  // 52.3 × 1.25 = 65.4 and 104.3 × 1.25 = 130.4
  expect(drawn.filter(([what]) => what === 'rect')).toEqual([['rect', undefined, 0, 65, 1_250, 66]])
  const clipped = drawn.findIndex(([what]) => what === 'clip')
  const cleared = drawn.findIndex(([what]) => what === 'clearRect')
  expect(clipped).toBeGreaterThan(-1)
  expect(cleared).toBeGreaterThan(clipped)
  const agents = drawn.map(([, colour]) => String(colour)).filter((colour) => colour.startsWith('colour of'))
  expect(new Set(agents)).toEqual(new Set(['colour of B']))
})
