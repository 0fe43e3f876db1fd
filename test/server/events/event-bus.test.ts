import { expect, test } from 'vitest'
import { EventBus } from '../../../server/events/event-bus.js'

test('[SYNC-12] a listener that throws harms no other; its error is told', () => {
  const errors: unknown[] = []
  const bus = new EventBus<number>((error) => errors.push(error))
  const heard: number[] = []
  bus.subscribe(() => {
    throw new Error('mine')
  })
  bus.subscribe((value) => heard.push(value))
  bus.publish(1)
  expect(heard).toEqual([1])
  expect(errors).toEqual([new Error('mine')])
})

test('[SYNC-15] a disposed listener hears nothing more, the same function subscribed twice is two', () => {
  const bus = new EventBus<number>(() => undefined)
  const heard: number[] = []
  const listen = (value: number): void => void heard.push(value)
  const first = bus.subscribe(listen)
  bus.subscribe(listen)
  bus.publish(1)
  first()
  first()
  bus.publish(2)
  expect(heard).toEqual([1, 1, 2])
  expect(bus.size).toBe(1)
})

test('who subscribes or leaves while something is published changes nothing for the others of that time', () => {
  const bus = new EventBus<number>(() => undefined)
  const heard: string[] = []
  bus.subscribe(() => {
    late()
    bus.subscribe(() => heard.push('new'))
  })
  const late = bus.subscribe(() => heard.push('late'))
  bus.publish(1)
  expect(heard).toEqual(['late'])
})
