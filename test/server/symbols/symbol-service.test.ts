import { describe, expect, it } from 'vitest'
import { fileId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { parseSymbols, type SymbolsQuestion } from '../../../server/symbols/parse.js'
import { SymbolService } from '../../../server/symbols/symbol-service.js'

const SOUND = `class App {
  render() {
    return 1
  }

  stop() {
    return 2
  }
}

function main() {
  return 3
}
`

function open(parse = (question: SymbolsQuestion) => parseSymbols(question, () => 0)) {
  const asked: SymbolsQuestion[] = []
  const errors: unknown[] = []
  const service = new SymbolService({
    parse: (question) => {
      asked.push(question)
      return parse(question)
    },
    onError: (error) => errors.push(error),
  })
  return { service, asked, errors }
}

function file(text: string, rev = 1, path = 'src/app.ts', id = 'file-1') {
  return { head: { id: fileId.parse(id), path: workspacePath.parse(path), rev }, text }
}

describe('a symbol', () => {
  it('[LOCK-11] is found by its name, and by nothing less', async () => {
    const { service, asked } = open()
    expect(await service.find(file(SOUND), 'App.stop')).toEqual({ from: 6, to: 8 })
    expect(await service.find(file(SOUND), 'main')).toEqual({ from: 11, to: 13 })
    await expect(service.find(file(SOUND), 'stop')).rejects.toMatchObject({ code: 'E_UNKNOWN_SYMBOL' })
    expect(asked).toHaveLength(1)
  })

  it('[LOCK-11] that is unknown is refused with near names', async () => {
    const { service } = open()
    const near = (name: string) => expect(service.find(file(SOUND), name)).rejects
    await near('render').toMatchObject({ hint: 'Did you mean App.render?', data: { near: ['App.render'] } })
    await near('App.rendr').toMatchObject({ data: { near: ['App.render'] } })
    await near('mian').toMatchObject({ data: { near: ['main'] } })
    await near('somethingElse').toMatchObject({ hint: 'Name one as Class.method, or lock lines.', data: { near: [] } })
  })

  it('[LOCK-11] of a file of no known language is refused with what is known', async () => {
    const { service } = open()
    const refused = expect(service.find(file('# Title\n', 1, 'README.md'), 'Title')).rejects
    const hint: unknown = expect.stringContaining('ts, mts')
    await refused.toMatchObject({ code: 'E_UNKNOWN_SYMBOL', hint })
  })

  it('[LOCK-11] that stands several times is all from the first to the last', async () => {
    const { service } = open()
    const text = 'function over(a: string): void\nfunction over(a: number): void\nfunction over(a: unknown) {\n}\n'
    expect(await service.find(file(text), 'over')).toEqual({ from: 1, to: 4 })
  })

  it('[LOCK-11] in broken code is where it went since the file was sound', async () => {
    const { service } = open()
    await service.find(file(SOUND), 'main')
    const torn = `// new\n${SOUND.replace('return 1\n  }\n', 'return (1 +\n    more\n')}`
    expect(await service.find(file(torn, 2), 'App.render')).toEqual({ from: 3, to: 5 })
    expect(await service.find(file(torn, 2), 'App.stop')).toEqual({ from: 7, to: 9 })
    const worse = torn.replace('  stop', '  {{ stop')
    expect(await service.find(file(worse, 3, 'src/renamed.ts'), 'App.stop')).toEqual({ from: 7, to: 9 })
  })

  it('[LOCK-11] in code that was never sound is found by the look of its lines', async () => {
    const { service } = open()
    const torn = SOUND.replace('return 1\n  }\n', 'return ((1 + {\n  }\n')
    expect(await service.find(file(torn), 'App.stop')).toEqual({ from: 6, to: 8 })
    expect(await service.find(file(torn), 'App.render')).toEqual({ from: 2, to: 4 })
    expect(await service.find(file(torn), 'App')).toEqual({ from: 1, to: 9 })
    await expect(service.find(file(torn), 'App.nothing')).rejects.toMatchObject({ code: 'E_UNKNOWN_SYMBOL' })
  })

  it('is found by its lines where parsing fails, which is told and tried again', async () => {
    const { service, asked, errors } = open(() => Promise.reject(new Error('no thread')))
    expect(await service.find(file(SOUND), 'App.stop')).toEqual({ from: 6, to: 8 })
    expect(await service.find(file(SOUND), 'main')).toEqual({ from: 11, to: 13 })
    expect([asked.length, errors.length]).toEqual([2, 2])
  })

  it('of a text that is too large to be parsed is found by its lines', async () => {
    const { service, asked } = open()
    const large = SOUND + '// more\n'.repeat(300_000)
    expect(await service.find(file(large), 'App.stop')).toEqual({ from: 6, to: 8 })
    expect(asked).toHaveLength(0)
  })

  it('is remembered for 64 files, those that were asked for last', async () => {
    const { service, asked } = open()
    const ask = (n: number) => service.find(file(SOUND, 1, `src/${n}.ts`, `file-${n}`), 'main')
    for (let n = 0; n < 64; n++) await ask(n)
    await ask(0)
    await ask(64)
    expect(asked).toHaveLength(65)
    await ask(0)
    expect(asked).toHaveLength(65)
    await ask(1)
    expect(asked).toHaveLength(66)
  })

  it('around a line is the smallest there', async () => {
    const { service } = open()
    const names = await Promise.all([3, 5, 10].map((line) => service.around(file(SOUND), line)))
    expect(names.map((symbol) => symbol?.name)).toEqual(['App.render', 'App', undefined])
  })
})
