import { describe, expect, it } from 'vitest'
import { findByLines } from '../../../server/symbols/symbols-by-lines.js'

const found = (text: string, name: string): string => {
  const lines = findByLines(text, name)
  return lines === null ? 'none' : `${lines.from}-${lines.to}`
}

describe('by the look of its lines', () => {
  it('code of each language is found with all of its body', () => {
    expect(found('const a = (\n  b,\n) => {\n  c((\n}\nd()\n', 'a')).toBe('1-5')
    expect(
      found(
        'class A:\n    def b(\n        self,\n    ):\n        return (\n\n    def c(self):\n        pass\nx = 1\n',
        'A.b',
      ),
    ).toBe('2-5')
    expect(found('func (s *Store) Get() {\n\tif {\n}\n\nfunc Get() {\n}\n', 'Store.Get')).toBe('1-3')
    expect(found('impl<T> Show for Point<T> {\n    fn show(&self) {\n        ((\n    }\n}\n', 'Point.show')).toBe('2-4')
    expect(
      found(
        'class Shop {\n    int total(int a)\n    {\n        return ((a;\n    }\n\n    void x() {}\n}\n',
        'Shop.total',
      ),
    ).toBe('2-5')
  })

  it('a call is no declaration, and a name is a whole word', () => {
    expect(found('class A {\n  b() {\n    c()\n  }\n}\n', 'A.c')).toBe('none')
    expect(found('function main2() {}\nfunction mainly() {}\n', 'main')).toBe('none')
    expect(found('main()\n', 'main')).toBe('none')
  })

  it('a name of any letters is only a name', () => {
    for (const name of ['(', 'a[', '.*', '$&', '\\', 'a.', '.', 'x-y', '{1}', '#p', '\u{1F600}', '\uD800'])
      expect(found('function f() {}\n', name)).toBe('none')
    expect(found('class A {\n  #p() {\n  }\n}\n', 'A.#p')).toBe('2-3')
    expect(found('const $ = () => {\n}\n', '$')).toBe('1-2')
  })
})
