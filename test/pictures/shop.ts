/** The files of the shop that the pictures show. */

const MODEL = `export type Money = number

export interface Line {
  readonly price: Money
  readonly count: number
}

export interface Coupon {
  readonly code: string
  readonly kind: 'percent' | 'amount' | 'free-line'
  readonly value: number
  readonly until: number
}

export interface Cart {
  readonly lines: readonly Line[]
  readonly coupons: readonly Coupon[]
}
`

export const PRICE = `import { Cart, Coupon, Line, Money } from '../model'
import { round } from './money'

/** Adds up a cart. Prices are in cents; nothing is rounded before the end. */
export function subtotal(lines: readonly Line[]): Money {
  return lines.reduce((sum, line) => sum + line.price * line.count, 0)
}

/**
 * Applies one coupon to a cart and returns what is left to pay.
 * A coupon never makes a cart negative.
 */
export function applyDiscount(cart: Cart, coupon: Coupon): Money {
  const before = subtotal(cart.lines)
  if (!isValid(coupon, cart)) return before

  switch (coupon.kind) {
    case 'percent':
      return before * (1 - coupon.value / 100)
    case 'amount':
      return before - coupon.value
    case 'free-line':
      return before - cheapest(cart.lines)
  }
}

export function isValid(coupon: Coupon, cart: Cart): boolean {
  if (coupon.until < Date.now()) return false
  return !cart.coupons.some((used) => used.code === coupon.code)
}

export function cheapest(lines: readonly Line[]): Money {
  return Math.min(...lines.map((line) => line.price))
}

export function shipping(total: Money): Money {
  return total > 5000 ? 0 : 490
}

export function total(cart: Cart): Money {
  const goods = cart.coupons.reduce((_, coupon) => applyDiscount(cart, coupon), subtotal(cart.lines))
  return goods + shipping(goods)
}
`

export const SHOP: Readonly<Record<string, string>> = {
  'README.md': '# Shop\n\nA small shop, for the pictures of Ensemble.\n',
  'package.json': '{\n  "name": "shop-web",\n  "private": true\n}\n',
  'src/api/coupon.ts':
    "import { Coupon } from '../model'\n\nexport async function coupons(): Promise<Coupon[]> {\n  return []\n}\n",
  'src/api/orders.ts': "import { Cart } from '../model'\n\nexport async function order(cart: Cart): Promise<void> {}\n",
  'src/model/index.ts': MODEL,
  'src/shared/money.ts': 'export const round = (amount: number): number => Math.round(amount)\n',
  'src/shared/price.ts': PRICE,
  'src/ui/cart/CartPanel.tsx':
    "import { Cart } from '../../model'\nimport { Totals } from './Totals'\n\nexport function CartPanel({ cart }: { cart: Cart }) {\n  return <Totals cart={cart} />\n}\n",
  'src/ui/cart/Totals.tsx':
    "import { Cart } from '../../model'\n\nexport function Totals({ cart }: { cart: Cart }) {\n  return <output>{cart.lines.length}</output>\n}\n",
  'src/ui/Header.tsx': 'export const Header = () => <h1>Shop</h1>\n',
  'tests/cart.spec.ts':
    "import { subtotal } from '../src/shared/price'\n\ntest('adds up', () => {\n  expect(subtotal([])).toBe(0)\n})\n",
  'tests/coupon.spec.ts': "test('a coupon', () => {})\n",
}
