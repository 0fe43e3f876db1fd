import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMAND_IDS, commandOf, keyCaps, PLACES } from '../../dashboard/commands.js'

test('a key means one thing in each place, and what is heard everywhere means nothing else anywhere', () => {
  for (const place of PLACES) {
    const near = COMMAND_IDS.map(commandOf).filter((one) => one.place === place || one.place === 'Everywhere')
    const keys = near.flatMap((command) => command.keys ?? [])
    expect([place, keys.filter((key, index) => keys.indexOf(key) !== index)]).toEqual([place, []])
  }
})

test('no single key is the first of two', () => {
  const keys = COMMAND_IDS.flatMap((id) => commandOf(id).keys ?? [])
  const firsts = new Set(keys.filter((key) => key.includes(' ')).map((key) => key.split(' ')[0]))
  expect(keys.filter((key) => firsts.has(key))).toEqual([])
})

test('each command is done by some part', () => {
  const root = join(import.meta.dirname, '../../dashboard')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'))
  const texts = files.map((name) => readFileSync(join(root, name), 'utf8'))
  const handlers = texts.flatMap((text) => text.split('useCommands({').slice(1))
  const undone = COMMAND_IDS.filter((id) => !handlers.some((body) => new RegExp(`\\b${id}\\b[,: ]`).test(body)))
  expect(undone).toEqual([])
})

test.each([
  ['Ctrl+k', false, ['Ctrl', 'K']],
  ['Ctrl+Enter', true, ['⌘', 'Enter']],
  ['g o', false, ['g', 'o']],
  ['F7', true, ['F7']],
])('%s is shown as its keys', (keys, isApple, caps) => {
  expect(keyCaps(keys, isApple)).toEqual(caps)
})
