import { expect, it } from 'vitest'
import type { Section } from './figures.js'
import { runBenches, type Bench } from './run.js'

const section = (title: string): Section => ({ title, method: 'How.', columns: ['a'], rows: [['1']] })

async function run(benches: Readonly<Record<string, Bench>>) {
  const kept: string[] = []
  const said: string[] = []
  let now = 0
  const broken = await runBenches({
    benches: new Map(Object.entries(benches)),
    keep: (one) => {
      kept.push(one.split('\n', 1)[0] ?? '')
      return Promise.resolve(one.includes('One') ? 'Where the time goes.' : '')
    },
    say: (line) => said.push(line),
    elapsed: () => (now += 60_000),
  })
  return { broken, kept, said }
}

it('one benchmark that breaks is named, and takes nothing from those before and after it', async () => {
  const { broken, kept, said } = await run({
    one: { measure: () => Promise.resolve(section('One')) },
    two: { measure: () => Promise.reject(new Error('the server is gone')) },
    three: { measure: () => Promise.resolve(section('Three')) },
  })
  expect(broken).toEqual(['two'])
  expect(kept).toEqual(['## One', '## Three'])
  expect(said.find((line) => line.startsWith('two: BROKE'))).toContain('the server is gone')
  expect(said.at(-1)).toContain('Broken: two.')
})

it('it says how far it is, how long it may take and took, and what of an earlier run stands by hand', async () => {
  const { broken, said } = await run({
    one: { measure: () => Promise.resolve(section('One')), minutes: 2 },
    two: { measure: () => Promise.resolve(section('Two')), minutes: 15 },
  })
  expect(broken).toEqual([])
  expect(said).toEqual([
    'one: 1 of 2, about 17 min to go on a quiet machine …',
    'one: done in 1.0 min.',
    'one: this stands there by hand, of an earlier run; read it again:\nWhere the time goes.',
    'two: 2 of 2, about 15 min to go on a quiet machine …',
    'two: done in 1.0 min.',
  ])
})
