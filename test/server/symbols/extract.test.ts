import { describe, expect, it } from 'vitest'
import { parseSymbols } from '../../../server/symbols/parse.js'

/** `name kind from-to`, in the order of the text. */
async function symbolsOf(path: string, text: string): Promise<string[]> {
  const { symbols } = await parseSymbols({ path, text, before: null }, () => 0)
  return symbols.map(
    ({ name, kind, from, to, by }) => `${name} ${kind} ${from}-${to}${by === 'broken' ? ' broken' : ''}`,
  )
}

const TYPESCRIPT = `import { x } from 'y'

@frozen
export abstract class App<T> extends Base {
  #count = 0
  readonly onClick = (event: Event): void => {
    this.#count++
  }

  constructor() {
    super()
  }

  @logged()
  async render(): Promise<void> {
    const inner = () => 1
  }

  abstract stop(): void
}

export const add = (a: number, b: number): number =>
  a + b
const one = () => 1,
  two = function () {
    return 2
  }
const port = 80

export function over(a: string): void
export function over(a: unknown): void {}
interface Shape {
  area(): number
}
export enum Color {
  Red,
}
namespace Tools {
  export function hammer() {}
}
export default function main() {}
`
const TYPESCRIPT_SYMBOLS = [
  'App class 3-20',
  'App.onClick method 6-8',
  'App.constructor method 10-12',
  'App.render method 14-17',
  'App.render.inner function 16-16',
  'App.stop method 19-19',
  'add function 22-23',
  'one function 24-24',
  'two function 25-27',
  'over function 30-30',
  'over function 31-31',
  'Shape type 32-34',
  'Shape.area method 33-33',
  'Color type 35-37',
  'Tools.hammer function 39-39',
  'main function 41-41',
]

/** Functions that are values with a name, by language. */
const ASSIGNED: readonly (readonly [path: string, text: string, symbols: readonly string[]])[] = [
  [
    'a.js',
    `export const y = async () => {
  return 2
}
module.exports.z = function () {}
exports.w = () => 1
App.prototype.go = function () {
  this.x = () => 1
}
const api = {
  get: () => 1,
  async post() {},
}
let later
later = () => 3
const { a, b } = () => 1
`,
    ['y function 1-3', 'z function 4-4', 'w function 5-5', 'App.go function 6-8', 'api.get method 10-10'].concat([
      'api.post method 11-11',
      'later function 14-14',
    ]),
  ],
  [
    'a.ts',
    `export const x: Handler = (a) => {
  return a
}
const api = {
  get: () => 1,
} satisfies Api
export const f = <T,>(a: T) => a
export const g = (() => 1) as Fn
`,
    ['x function 1-3', 'api.get method 5-5', 'f function 7-7', 'g function 8-8'],
  ],
  [
    'a.py',
    'square = lambda x: x * x\nclass A:\n    twice = lambda self: 2\na, b = lambda: 1\n',
    ['square function 1-1', 'A class 2-3', 'A.twice method 3-3'],
  ],
  [
    'a.go',
    'package a\n\nvar Handler = func(a int) int {\n\treturn a\n}\nvar (\n\tOne = func() {}\n\tn   = 1\n)\n',
    ['Handler function 3-5', 'One function 7-7'],
  ],
  [
    'a.rs',
    'pub static F: fn(i32) -> i32 = |x| x + 1;\npub const G: fn() = || {\n};\nfn main() {\n    let add = |a, b| a + b;\n}\n',
    ['F function 1-1', 'G function 2-3', 'main function 4-6', 'main.add function 5-5'],
  ],
  [
    'A.java',
    'class A {\n  static final Op f = x -> {\n    return x;\n  };\n  int n = 1;\n  Runnable r = () -> run();\n}\n',
    ['A class 1-7', 'A.f method 2-4', 'A.r method 6-6'],
  ],
]

describe('the symbols', () => {
  it.each(ASSIGNED)('[LOCK-11] of functions that are values with a name: %s', async (path, text, symbols) => {
    expect(await symbolsOf(path, text)).toEqual(symbols)
  })

  it('[LOCK-11] of TypeScript', async () => {
    expect(await symbolsOf('src/app.ts', TYPESCRIPT)).toEqual(TYPESCRIPT_SYMBOLS)
  })

  it('[LOCK-11] of TSX', async () => {
    const text = `export const Button = ({ label }: Props) => (
  <button onClick={() => undefined}>{label}</button>
)
class Panel extends Component<Props> {
  render() {
    return <Button label="<" />
  }
}
`
    expect(await symbolsOf('Button.tsx', text)).toEqual([
      'Button function 1-3',
      'Panel class 4-8',
      'Panel.render method 5-7',
    ])
  })

  it('[LOCK-11] of JavaScript', async () => {
    const text = `'use strict'
function* ids() {
  yield 1
}
class Queue {
  static of = (x) => {
    return new Queue(x)
  }
  get size() {
    return 0
  }
}
const Stack = class {
  pop() {}
}
module.exports = { ids }
`
    expect(await symbolsOf('queue.cjs', text)).toEqual([
      'ids function 2-4',
      'Queue class 5-12',
      'Queue.of method 6-8',
      'Queue.size method 9-11',
      'Stack class 13-15',
      'Stack.pop method 14-14',
    ])
  })

  it('[LOCK-11] of Python', async () => {
    const text = `import os

@dataclass
class Account:
    """An account."""

    @property
    def balance(self):
        def inner():
            return 1
        return inner()

    async def close(self) -> None:
        pass


def main():
    x = 1

    return x

if __name__ == "__main__":
    main()
`
    expect(await symbolsOf('account.py', text)).toEqual([
      'Account class 3-14',
      'Account.balance method 7-11',
      'Account.balance.inner function 9-10',
      'Account.close method 13-14',
      'main function 17-20',
    ])
  })

  it('[LOCK-11] of Go, methods by their receiver', async () => {
    const text = `package store

type Store[K comparable] struct {
	rows map[K]int
}

func (s *Store[K]) Get(key K) int {
	return s.rows[key]
}

func (Row) Len() int { return 0 }

type (
	Row  struct{}
	Rows []Row
)

func New() *Store[string] {
	return nil
}
`
    expect(await symbolsOf('store.go', text)).toEqual([
      'Store type 3-5',
      'Store.Get method 7-9',
      'Row.Len method 11-11',
      'Row type 14-14',
      'Rows type 15-15',
      'New function 18-20',
    ])
  })

  it('[LOCK-11] of Rust, methods by the type of their impl', async () => {
    const text = `use std::fmt;

#[derive(Debug)]
pub struct Point<T> {
    x: T,
}

impl<T> Point<T> {
    #[inline]
    pub fn x(&self) -> &T {
        &self.x
    }
}

impl<T> fmt::Display for geo::Point<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        Ok(())
    }
}

trait Area {
    fn area(&self) -> f64;
}

#[cfg(test)]
mod tests {
    #[test]
    fn works() {}
}
`
    expect(await symbolsOf('point.rs', text)).toEqual([
      'Point type 3-6',
      'Point.x method 9-12',
      'Point.fmt method 16-18',
      'Area type 21-23',
      'Area.area method 22-22',
      'tests.works function 27-28',
    ])
  })

  it('[LOCK-11] of Java', async () => {
    const text = `package a;

@Service
public class Shop {
    Shop() {}

    @Override
    public int total(int a)
    {
        return a;
    }

    int total() { return 0; }

    static class Item {
        void buy() {}
    }
}

enum Color {
    RED;
    int rgb() { return 1; }
}

record Pair(int a, int b) {}
`
    expect(await symbolsOf('Shop.java', text)).toEqual([
      'Shop class 3-18',
      'Shop.Shop method 5-5',
      'Shop.total method 7-11',
      'Shop.total method 13-13',
      'Shop.Item class 15-17',
      'Shop.Item.buy method 16-16',
      'Color type 20-23',
      'Color.rgb method 22-22',
      'Pair class 25-25',
    ])
  })

  it('tell what is broken from what is not', async () => {
    const text = 'function sound() {\n  return 1\n}\n\nfunction torn() {\n  return (1 +\n}\n'
    expect(await symbolsOf('a.js', text)).toEqual(['sound function 1-3', 'torn function 5-7 broken'])
  })

  it('of code that is nested without measure are read like any other', async () => {
    const deep = `function a() {}\nconst x = ${'['.repeat(20_000)}${']'.repeat(20_000)}\nfunction b() {}\n`
    expect(await symbolsOf('deep.js', deep)).toEqual(['a function 1-1', 'b function 3-3'])
  })

  it('of a text that takes too long to be parsed are none, and the next text is parsed from its beginning', async () => {
    let now = 0
    const text = 'function a() {}\n'.repeat(2_000)
    const late = await parseSymbols({ path: 'a.js', text, before: null }, () => (now += 500))
    expect(late).toEqual({ isSound: false, symbols: [] })
    expect(await symbolsOf('a.js', 'function b() {}\n')).toEqual(['b function 1-1'])
  })
})
