import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../../client/bridge/environment.js'
import type { WriterStep } from '../../../client/bridge/writer.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

const lines = (...changed: string[]): string =>
  Array.from({ length: 30 }, (_, line) => changed.find((text) => text.startsWith(`${line}:`)) ?? `${line}: line`).join(
    '\n',
  )

/** Everything that anyone can still find: the head, its history, the conflicts. */
function kept(server: FakeServer, path: string): string {
  const versions = [...(server.files.get(path)?.versions.values() ?? [])].map((bytes) => Buffer.from(bytes).toString())
  return [...versions, ...server.conflicts.map(({ theirs }) => theirs ?? '')].join('\n')
}

async function folderWith(texts: Record<string, string>, options: Parameters<Folder['synced']>[1] = {}) {
  const server = new FakeServer()
  const a = new Folder()
  for (const [path, text] of Object.entries(texts)) a.write(path, text)
  const bridge = await a.synced(server.connect(), options)
  const settled = (path: string): Promise<unknown> =>
    until(async () => {
      await bridge.idle()
      return a.read(path) === server.text(path)
    }, `${path} to be the same on both sides`)
  return { server, a, bridge, settled }
}

describe('[NASTY-2, BRIDGE-1] of two writes within milliseconds', () => {
  test.each([3, 10, 45])('%i ms apart the second is what the server ends with', async (apart) => {
    const { server, a, settled } = await folderWith({ 'f.txt': 'start\n' })
    for (let round = 0; round < 15; round++) {
      a.write('f.txt', `first ${round}\n`)
      await pause(apart)
      a.write('f.txt', `second ${round}\n`)
      await until(() => server.text('f.txt') === `second ${round}\n`, `round ${round}`, 3000)
    }
    await settled('f.txt')
    expect(server.conflicts).toEqual([])
  })

  test('the second is found by a watcher that saw nothing of it', async () => {
    const { server, a } = await folderWith({ 'f.txt': 'start\n' }, { watchFolder: null })
    a.write('f.txt', 'first\n')
    await until(() => server.text('f.txt') === 'first\n')
    a.write('f.txt', 'other\n') // as long, and so soon that its time stamps may be the same
    await until(() => server.text('f.txt') === 'other\n')
  })
})

test('editors that save by rename, a hundred times', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': 'start\n' })
  for (let round = 0; round < 100; round++) {
    writeFileSync(a.of('.f.txt.swap'), `saved ${round}\n`)
    renameSync(a.of('.f.txt.swap'), a.of('f.txt'))
    if (round % 10 === 0) await pause(4)
  }
  await until(() => server.text('f.txt') === 'saved 99\n')
  await settled('f.txt')
  expect(server.conflicts).toEqual([])
})

test('[NASTY-3, BRIDGE-5] a file that is truncated, left empty and then written, while the server changes it a hundred times a second', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines() })
  let count = 0
  const other = setInterval(() => {
    server.edit('f.txt', server.text('f.txt')!.replace(/^0: .*$/m, `0: other ${count++}`))
  }, 10)
  try {
    for (const [round, empty] of [1, 5, 20, 60, 120, 200].entries()) {
      await until(() => (a.read('f.txt') ?? '') !== '' && server.text('f.txt')!.includes(`0: other ${count - 1}`))
      const text = a.read('f.txt')!
      const file = openSync(a.of('f.txt'), 'r+')
      ftruncateSync(file, 0)
      await pause(empty)
      writeSync(file, text.replace(/^20: .*$/m, `20: here ${round}`), 0)
      closeSync(file)
      await until(() => kept(server, 'f.txt').includes(`20: here ${round}`), `what was written in round ${round}`)
    }
  } finally {
    clearInterval(other)
  }
  await settled('f.txt')
  expect(server.history.filter(({ path, size }) => path === 'f.txt' && size < lines().length / 2)).toEqual([])
  expect(server.text('f.txt')).toContain('20: here 5')
  expect(server.text('f.txt')).toContain(`0: other ${count - 1}`)
})

test('[BRIDGE-5] what a slow writer puts into a file after the bridge has replaced it is taken in', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines() })
  const file = openSync(a.of('f.txt'), 'r+') // opened before …
  server.edit('f.txt', lines('0: other'))
  await a.holds('f.txt', lines('0: other'))
  writeSync(file, lines('20: late'), 0) // … and written after
  closeSync(file)
  await a.holds('f.txt', lines('0: other', '20: late'))
  await settled('f.txt')
  expect(server.conflicts).toEqual([])
})

describe('[BRIDGE-1, BRIDGE-5] a file that breaks off early, in place, after others put lines into it', () => {
  async function cut(halfOf: (before: string) => string) {
    let [slowed, passed] = [Infinity, 0]
    const elapsed = (now = performance.now()): number =>
      Math.min(now, slowed) + Math.max(0, now - slowed) / 100 + passed
    let readings = 0
    const onStep = (step: string): undefined => {
      if (step === 'read') readings++
    }
    const { server, a, settled } = await folderWith(
      { 'f.txt': `${lines()}\n` },
      { environment: { ...SYSTEM, elapsed }, onStep },
    )
    const theirs = [15, 25, 29].map((place) => `put before ${place} by another`)
    for (const line of theirs) {
      const [, , before] = line.split(' ')
      server.edit('f.txt', server.text('f.txt')!.replace(`${before}: `, `${line}\n${before}: `))
      await a.holds('f.txt', server.text('f.txt'))
    }
    const [before, count] = [server.text('f.txt')!, readings]
    slowed = performance.now() // from here on it takes long to come to rest
    const file = openSync(a.of('f.txt'), 'r+')
    ftruncateSync(file, 0)
    const half = halfOf(before)
    writeSync(file, half, 0)
    await until(() => readings > count, 'a reading of what is there')
    expect(server.text('f.txt')).toBe(before)
    const goOn = (whole: string): void => {
      writeSync(file, whole.slice(half.length), half.length)
      closeSync(file)
    }
    return { server, a, settled, before, goOn, pass: () => (passed += 300) }
  }
  const edited = (text: string): string => text.replace('1: line', '1: here')

  test.each([0.6, 0.9])('may be on its way: %f of it is there, and then the rest', async (part) => {
    const { server, a, settled, before, goOn, pass } = await cut((text) => edited(text).slice(0, text.length * part))
    goOn(edited(before))
    pass()
    await until(() => server.text('f.txt') === edited(before), 'all of it')
    await settled('f.txt')
    expect(a.read('f.txt')).toBe(edited(before))
    expect(server.conflicts).toEqual([])
  })

  test('or whole, by a program that had read it before: once it rests, the others’ lines stay', async () => {
    const { server, settled, before, pass } = await cut(() => edited(lines()))
    pass()
    await until(() => server.text('f.txt') === edited(before).slice(0, -1), 'what is there, and their lines')
    await settled('f.txt')
    expect(server.conflicts).toEqual([])
  })
})

test('[BRIDGE-5] what a slow writer puts into a file after the bridge has removed it brings it back', async () => {
  const { server, a } = await folderWith({ 'f.txt': lines(), 'g.txt': 'g\n' })
  const file = openSync(a.of('f.txt'), 'r+')
  server.remove('f.txt')
  await a.holds('f.txt', undefined)
  writeSync(file, lines('20: late'), 0)
  closeSync(file)
  await a.holds('f.txt', lines('20: late'))
})

describe('[NASTY-4, BRIDGE-5] something is written', () => {
  const steps: WriterStep[] = ['begin', 'temporary', 'intent', 'renamed', 'folder', 'base']
  const ways = {
    'in place': (a: Folder, text: string) => a.write('f.txt', text),
    'by rename': (a: Folder, text: string) => {
      a.write('.swap', text)
      renameSync(a.of('.swap'), a.of('f.txt'))
    },
  }
  for (const [way, write] of Object.entries(ways)) {
    test.each(steps)(`${way} at the step %s of a bridge’s write, and both are kept`, async (at) => {
      let armed = false
      const { server, a, settled } = await folderWith(
        { 'f.txt': lines(), '.gitignore': '.swap\n' },
        {
          onStep: (step, path) => {
            if (!armed || step !== at || path !== 'f.txt') return undefined
            armed = false
            write(a, a.read('f.txt')!.replace('20: line', '20: here'))
            return undefined
          },
        },
      )
      armed = true
      server.edit('f.txt', lines('0: other'))
      await until(() => server.text('f.txt') === lines('0: other', '20: here'), 'the merge')
      await settled('f.txt')
      expect(server.conflicts).toEqual([])
    })
  }

  test.each(['begin', 'temporary', 'intent'] as const)(
    'where the bridge makes a new file, at the step %s',
    async (at) => {
      let armed = true
      const { server, a } = await folderWith(
        { 'x.txt': 'x\n' },
        {
          onStep: (step, path) => {
            if (!armed || step !== at || path !== 'new.txt') return undefined
            armed = false
            a.write('new.txt', 'here\n')
            return undefined
          },
        },
      )
      server.edit('new.txt', 'there\n')
      await until(() => server.conflicts.length === 1, 'the conflict')
      expect(server.conflicts).toEqual([expect.objectContaining({ path: 'new.txt', theirs: 'here\n' })])
      await a.holds('new.txt', 'there\n')
    },
  )

  test.each(['begin', 'intent'] as const)('where the bridge removes a file, at the step %s: it stays', async (at) => {
    let armed = true
    const { server, a } = await folderWith(
      { 'f.txt': 'f\n', 'x.txt': 'x\n' },
      {
        onStep: (step, path) => {
          if (!armed || step !== at || path !== 'f.txt') return undefined
          armed = false
          a.write('f.txt', 'f, edited\n')
          return undefined
        },
      },
    )
    armed = true
    server.remove('f.txt')
    await until(() => server.text('f.txt') === 'f, edited\n')
    expect(a.read('f.txt')).toBe('f, edited\n')
  })
})

test('[BRIDGE-6] a reader sees whole versions only, and always a file, through two hundred writes', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines('0: version 0') })
  const seen = new Set<string>()
  const allowed = new Set([lines('0: version 0')])
  const stop = new AbortController()
  const reader = (async () => {
    while (!stop.signal.aborted) {
      seen.add(readFileSync(a.of('f.txt'), 'utf8'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  for (let version = 1; version <= 200; version++) {
    const text = lines(`0: version ${version}`)
    allowed.add(text)
    server.edit('f.txt', text)
    if (version % 3 === 0) await pause(2)
  }
  await a.holds('f.txt', lines('0: version 200'))
  stop.abort()
  await reader
  await settled('f.txt')
  expect([...seen].filter((text) => !allowed.has(text))).toEqual([])
  expect(seen.size).toBeGreaterThan(2)
})

test('[BRIDGE-17] a burst is written at once, then at most every 50 ms, and ends with the newest', async () => {
  const writes: number[] = []
  const { server, a } = await folderWith(
    { 'f.txt': 'start\n' },
    {
      onStep: (step) => {
        if (step === 'renamed') writes.push(performance.now())
        return undefined
      },
    },
  )
  const start = performance.now()
  for (let version = 0; version < 60; version++) {
    server.edit('f.txt', `version ${version}\n`)
    await pause(5)
  }
  await a.holds('f.txt', 'version 59\n')
  const spent = performance.now() - start
  expect(writes.length).toBeGreaterThan(1)
  expect(writes.length).toBeLessThanOrEqual(spent / 50 + 2)
})

test('[BRIDGE-17] while a path rests its folder is not in step: that is said at once', async () => {
  let time = 0
  // A hundred times slower than the system's, so that it rests for seconds.
  const environment = { ...SYSTEM, elapsed: () => time + performance.now() / 100 }
  const { server, a, bridge, settled } = await folderWith({ 'f.txt': 'start\n' }, { environment })
  server.edit('f.txt', 'first\n')
  await a.holds('f.txt', 'first\n')
  await bridge.idle()
  const states: string[] = [bridge.state.kind]
  bridge.onState(({ kind }) => states.push(kind))
  server.edit('f.txt', 'second\n')
  await until(() => bridge.stats.waiting > 0, 'the head to come')
  expect([states, a.read('f.txt')]).toEqual([['synced', 'syncing'], 'first\n'])
  time += 1000
  await settled('f.txt')
  expect(states).toEqual(['synced', 'syncing', 'synced'])
})

test('[BRIDGE-17] before its end a folder is brought in step at once, although paths rest', async () => {
  let time = 0
  // A hundred times slower than the system's, but for a second that each write takes; and rests never end by themselves.
  const after = (milliseconds: number, run: () => void) =>
    milliseconds > 400 && milliseconds <= 500 ? () => undefined : SYSTEM.timers.after(milliseconds, run)
  const environment = {
    ...{ ...SYSTEM, timers: { ...SYSTEM.timers, after } },
    elapsed: () => time + performance.now() / 100,
  }
  const onStep = (step: string): undefined => {
    if (step === 'renamed') time += 1000
  }
  const { server, a, bridge } = await folderWith({ 'f.txt': 'start\n' }, { environment, onStep })
  server.edit('f.txt', 'first\n')
  await a.holds('f.txt', 'first\n')
  await bridge.idle()
  server.edit('f.txt', 'second\n')
  await until(() => bridge.stats.waiting > 0, 'the head to come')
  await bridge.finish()
  await a.holds('f.txt', 'second\n')
})

test('[BRIDGE-17] a program that never stops writing does not keep its file from the server', async () => {
  const { server, a } = await folderWith({ 'log.txt': 'start\n' })
  let count = 0
  const writer = setInterval(() => a.write('log.txt', `line ${count++}\n`), 3)
  try {
    await until(() => server.text('log.txt')?.startsWith('line'), 'a version of it')
  } finally {
    clearInterval(writer)
  }
  await until(() => server.text('log.txt') === `line ${count - 1}\n`)
})

test('[NASTY-1, BRIDGE-1] a file written whole by a program that read it before two changes came takes neither back', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines() })
  const read = a.read('f.txt')!
  server.edit('f.txt', lines('0: one other'))
  await a.holds('f.txt', lines('0: one other'))
  server.edit('f.txt', lines('0: one other', '10: two other'))
  await a.holds('f.txt', lines('0: one other', '10: two other'))
  a.write('f.txt', read.replace('20: line', '20: here'))
  await until(() => server.text('f.txt') === lines('0: one other', '10: two other', '20: here'), 'all three')
  await settled('f.txt')
  // From what it wrote itself, once more: it has not read the file again.
  a.write('f.txt', read.replace('20: line', '20: here').replace('25: line', '25: here'))
  await until(() => server.text('f.txt') === lines('0: one other', '10: two other', '20: here', '25: here'), 'all four')
  await settled('f.txt')
  expect(server.conflicts).toEqual([])
})

test('[BRIDGE-1] … nor where this folder saved something of its own in between', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines() })
  const read = a.read('f.txt')!
  server.edit('f.txt', lines('0: other'))
  await a.holds('f.txt', lines('0: other'))
  a.write('f.txt', lines('0: other', '15: here'))
  await until(() => server.text('f.txt') === lines('0: other', '15: here'), 'the save')
  await settled('f.txt')
  a.write('f.txt', read.replace('25: line', '25: stale'))
  await until(() => server.text('f.txt') === lines('0: other', '15: here', '25: stale'), 'all three')
  await settled('f.txt')
  expect(server.conflicts).toEqual([])
})

test('what was written here is taken back here, with another change in the same save', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines() })
  server.edit('f.txt', lines('0: other'))
  await a.holds('f.txt', lines('0: other'))
  for (const text of [
    lines('0: other', '15: here'),
    lines('0: other', '15: here', '17: too'),
    lines('0: other', '20: new'),
  ]) {
    a.write('f.txt', text)
    await until(() => server.text('f.txt') === text, 'the save')
    await settled('f.txt')
  }
  expect(server.conflicts).toEqual([])
})

test('a file that is put back exactly as it was before another’s change is a return to it', async () => {
  const { server, a, settled } = await folderWith({ 'f.txt': lines() })
  server.edit('f.txt', lines('0: other'))
  await a.holds('f.txt', lines('0: other'))
  a.write('f.txt', lines())
  await until(() => server.text('f.txt') === lines())
  await settled('f.txt')
})

describe('[NASTY-14, BRIDGE-2] a program that formats every file that changes comes to rest with the bridge', () => {
  const isFormatted = (text: string): boolean => !/[A-Z]| $/m.test(text)

  async function formatting(start: string, change: string) {
    const { server, a, settled } = await folderWith({ 'f.txt': start })
    const format = setInterval(() => {
      const text = a.read('f.txt')
      if (text !== undefined && !isFormatted(text)) a.write('f.txt', text.toLowerCase().replace(/ +$/gm, ''))
    }, 5)
    try {
      server.edit('f.txt', change)
      await until(() => isFormatted(server.text('f.txt') ?? ''), 'the formatted text')
      await settled('f.txt')
    } finally {
      clearInterval(format)
    }
    return server
  }

  test('with three changes at most', async () => {
    const server = await formatting(lines(), lines('3: Changed  ', '7: and New \n  with More   \nLines'))
    expect(server.text('f.txt')).toBe(lines('3: changed', '7: and new\n  with more\nlines'))
    expect(server.history.length).toBeLessThanOrEqual(4)
    expect(server.conflicts).toEqual([])
  })

  test('even where all of the text is changed, which looks like the work of one who had not read it', async () => {
    const server = await formatting('a\n', 'A  \nB \n')
    expect(server.history.length).toBeLessThanOrEqual(10)
  })
})
