import { describe, expect, test } from 'vitest'
import { TagBook } from '../../../dashboard/model/tags.js'
import { anAgent } from '../builders.js'

describe('tags', () => {
  test('count per type in the order of joining, and take their colour from it', () => {
    const book = new TagBook()
    book.learn([anAgent('CLAUDE-late', 3), anAgent('CODEX-b', 2), anAgent('CLAUDE-a', 1)])
    expect(book.of('CLAUDE-a')).toMatchObject({ text: 'C1', shape: 'round', colour: 1 })
    expect(book.of('CODEX-b')).toMatchObject({ text: 'X1', shape: 'square', colour: 2 })
    expect(book.of('CLAUDE-late')).toMatchObject({ text: 'C2', shape: 'round', colour: 3, name: 'late, Claude' })
  })

  test('are the same whoever is here, and in whatever order they are heard of', () => {
    const [early, late] = [new TagBook(), new TagBook()]
    early.learn([anAgent('CLAUDE-a', 1), anAgent('CODEX-b', 2)])
    early.learn([anAgent('CLAUDE-c', 3)])
    late.learn([anAgent('CLAUDE-c', 3)])
    late.learn([anAgent('CODEX-b', 2), anAgent('CLAUDE-a', 1)])
    for (const id of ['CLAUDE-a', 'CODEX-b', 'CLAUDE-c']) expect(late.of(id)).toEqual(early.of(id))
    expect(late.of('CLAUDE-c').text).toBe('C2')
  })

  test('change for nobody when one leaves and comes back', () => {
    const book = new TagBook()
    expect(book.learn([anAgent('CLAUDE-a', 1), anAgent('CLAUDE-b', 2)])).toBe(true)
    expect(book.learn([anAgent('CLAUDE-b', 2)])).toBe(false)
    expect([book.of('CLAUDE-a').text, book.of('CLAUDE-b').text]).toEqual(['C1', 'C2'])
  })

  test('begin the colours again at the ninth agent, outlined', () => {
    const book = new TagBook()
    book.learn([anAgent('GEMINI-i', 9)])
    expect(book.of('GEMINI-i')).toMatchObject({ colour: 1, outlined: true, shape: 'hexagon' })
  })

  test('give every type a letter of its own', () => {
    const book = new TagBook()
    book.learn([anAgent('CURSOR-a', 1), anAgent('COPILOT-b', 2), anAgent('CLAUDE-c', 3)])
    expect(['CURSOR-a', 'COPILOT-b', 'CLAUDE-c'].map((id) => book.of(id).text)).toEqual(['U1', 'O1', 'C1'])
  })

  test('of who never joined follow from who did, not from what was shown before', () => {
    const [one, other] = [new TagBook(), new TagBook()]
    const ids = ['COPILOT-x', 'CONTINUE-y']
    const texts = (book: TagBook, order: readonly string[]) => new Map(order.map((id) => [id, book.of(id).text]))
    expect(texts(one, ids)).toEqual(texts(other, ids.toReversed()))
    expect(one.of('COPILOT-x').text).toBe('Ox')
    one.learn([anAgent('OTTO-a', 1)])
    expect(one.of('COPILOT-x').text).toBe('Px')
    one.clear()
    expect(one.of('COPILOT-x').text).toBe('Ox')
  })

  test('show in ink who is no agent, or never joined', () => {
    const book = new TagBook()
    expect(book.of('')).toMatchObject({ text: '–', shape: 'plain', colour: null })
    expect(book.of('DISK')).toMatchObject({ text: 'disk', colour: null })
    expect(book.of('PERSON-dashboard')).toMatchObject({ text: 'dash', shape: 'plain', name: 'dashboard, a person' })
    expect(book.of('CLAUDE-frontend')).toMatchObject({
      text: 'Cf',
      colour: null,
      name: 'frontend, Claude, never joined',
    })
  })
})
