import { expect, test } from 'vitest'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { PathQueue } from '../../../client/bridge/path-queue.js'

/** A queue whose runs end when the test says so. */
function queueOf(limit = 2) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const failures: string[] = []
  const queue = new PathQueue({
    limit,
    run: (path) => {
      begun.push(path)
      return new Promise((resolve) => ends.set(path, resolve))
    },
    onFailure: (path, thrown) => failures.push(`${path}: ${String(thrown)}`),
    onIdle: () => undefined,
    environment: SYSTEM,
  })
  const end = async (path: string): Promise<void> => {
    ends.get(path)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { queue, begun, end, failures }
}

test('nothing is begun before it is resumed, live paths go first, never more than the limit run', async () => {
  const { queue, begun, end } = queueOf(2)
  for (const path of ['a', 'b', 'c']) queue.add(path, 'bulk')
  queue.add('d', 'live')
  queue.add('c', 'live')
  expect(begun).toEqual([])
  queue.resume()
  expect(begun).toEqual(['d', 'c'])
  await end('d')
  expect(begun).toEqual(['d', 'c', 'a'])
})

test('a path that is added while it runs runs again, once, and never beside itself', async () => {
  const { queue, begun, end } = queueOf()
  queue.resume()
  queue.add('a', 'live')
  queue.add('a', 'live')
  queue.add('a', 'bulk')
  expect(begun).toEqual(['a'])
  await end('a')
  expect(begun).toEqual(['a', 'a'])
  await end('a')
  expect(queue.size).toBe(0)
})

test('idle comes when nothing waits or runs, and what comes later only counts if it was said to', async () => {
  const { queue, begun, end } = queueOf()
  queue.resume()
  queue.add('a', 'live')
  queue.later('b', 5, true)
  queue.later('c', 60_000, false)
  let isIdle = false
  const idle = queue.idle().then(() => {
    isIdle = true
  })
  await end('a')
  expect(isIdle).toBe(false)
  while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(isIdle).toBe(false)
  await end('b')
  await idle
  expect(begun).toEqual(['a', 'b'])
  await queue.close()
})

test('a pause waits for what runs and begins nothing new', async () => {
  const { queue, begun, end } = queueOf()
  queue.resume()
  queue.add('a', 'live')
  let isPaused = false
  const paused = queue.pause().then(() => {
    isPaused = true
  })
  queue.add('b', 'live')
  expect(isPaused).toBe(false)
  await end('a')
  await paused
  expect(begun).toEqual(['a'])
  queue.resume()
  expect(begun).toEqual(['a', 'b'])
})

test('a run that fails is told, and stops nothing', async () => {
  const failures: string[] = []
  const queue = new PathQueue({
    limit: 1,
    run: (path) => (path === 'a' ? Promise.reject(new Error('no')) : Promise.resolve()),
    onFailure: (path) => failures.push(path),
    onIdle: () => undefined,
    environment: SYSTEM,
  })
  queue.add('a', 'bulk')
  queue.add('b', 'bulk')
  queue.resume()
  await queue.idle()
  expect(failures).toEqual(['a'])
})

test('what comes later comes now where there is no time left, as far as it counts', async () => {
  const { queue, begun, end } = queueOf(4)
  queue.resume()
  queue.later('a', 60_000, true)
  queue.later('b', 60_000, false)
  queue.hurry()
  expect(begun).toEqual(['a'])
  const idle = queue.idle()
  await end('a')
  await idle
  expect(queue.size).toBe(0)
  await queue.close()
})
