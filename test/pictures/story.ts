/** What the agents in the pictures do: real edits, locks and a collision, on a real server. */
import type { Connection } from '../../client/sdk/connection.js'
import { createRelativePositionFromTypeIndex } from 'yjs'
import { formatDocumentName } from '../../protocol/document.js'
import type { Addressee } from '../../protocol/events.js'
import { agentId, agentType, writeId } from '../../protocol/ids.js'
import { workspacePath } from '../../protocol/paths.js'
import { headOf, write } from '../dashboard/browser/agent-writes.js'
import { openPeer } from '../support/peer.js'
import { ServedFolder } from '../support/served-folder.js'
import { keep, plan } from './plan.js'
import { PRICE, SHOP } from './shop.js'
import { workFor } from './work.js'

const PRICE_PATH = 'src/shared/price.ts'

export interface Story {
  readonly folder: ServedFolder
  /** Lets agents go on with something, so that their carets and flags are seen. */
  readonly goOn: () => Promise<void>
  readonly close: () => Promise<void>
}

/** @param minutes of work before it and a little after it, for the lanes of the overview; 0: none */
export async function tellStory(minutes: number): Promise<Story> {
  const folder = new ServedFolder(SHOP, 'shop-web')
  await folder.start()
  const join = (id: string): Promise<Connection> => folder.agent(id)
  const frontend = await join('CLAUDE-frontend')
  const backend = await join('CLAUDE-backend')
  const tests = await join('CLAUDE-tests')
  const review = await join('CODEX-review')
  const planner = await join('GEMINI-planner')

  const edit = async (agent: Connection, path: string, from: string, to: string): Promise<void> => {
    const { files } = await agent.request('read', {
      ids: [(await agent.request('stat', { path: workspacePath.parse(path) })).head!.id],
    })
    const content = files[0]?.content
    if (content?.kind !== 'text' || !content.text.includes(from)) throw new Error(`${path} does not read "${from}"`)
    await write(agent, path, content.text.replace(from, to), await headOf(agent, path))
  }

  await edit(
    backend,
    PRICE_PATH,
    'return total > 5000 ? 0 : 490',
    'if (total === 0) return 0\n  return total > 5000 ? 0 : 490',
  )
  await edit(
    frontend,
    'src/ui/cart/CartPanel.tsx',
    '<Totals cart={cart} />',
    '<section>\n      <Totals cart={cart} />\n    </section>',
  )
  await edit(frontend, 'src/ui/cart/Totals.tsx', '{cart.lines.length}', '{total(cart)}')
  await edit(
    frontend,
    'src/ui/cart/Totals.tsx',
    "import { Cart } from '../../model'",
    "import { Cart } from '../../model'\nimport { total } from '../../shared/price'",
  )
  await edit(
    tests,
    'tests/cart.spec.ts',
    "test('adds up'",
    "test('ships for free above 50', () => {\n  expect(shipping(5001)).toBe(0)\n})\n\ntest('adds up'",
  )
  await edit(tests, 'tests/coupon.spec.ts', '() => {}', '() => {\n  expect(isValid).toBeDefined()\n}')
  await edit(
    backend,
    PRICE_PATH,
    'if (coupon.until < Date.now()) return false',
    'if (coupon.until < Date.now()) return false\n  if (coupon.value <= 0) return false',
  )
  await edit(planner, 'README.md', 'A small shop', 'A small shop with coupons')

  const team = { frontend, backend, tests, review, planner }
  await workFor(minutes * 0.85, team)

  // Both start from this version, and change the same lines of it.
  const base = await headOf(backend, PRICE_PATH)
  const { files } = await backend.request('read', {
    ids: [(await backend.request('stat', { path: workspacePath.parse(PRICE_PATH) })).head!.id],
  })
  const text = files[0]?.content.kind === 'text' ? files[0].content.text : PRICE
  await write(
    backend,
    PRICE_PATH,
    discounted(text, 'cents(before * (1 - coupon.value / 100))', 'Math.max(0, before - coupon.value)'),
    base,
  )
  await write(
    review,
    PRICE_PATH,
    discounted(text, 'round(before * (1 - coupon.value / 100))', 'before - Math.min(before, coupon.value)'),
    base,
  )

  await review.request('lock', {
    wants: [{ path: workspacePath.parse(PRICE_PATH), region: { kind: 'lines', from: 27, to: 31 }, type: 'EXCLUSIVE' }],
    ttl: 120,
    wait: 0,
  })
  backend
    .request('lock', {
      wants: [
        { path: workspacePath.parse(PRICE_PATH), region: { kind: 'lines', from: 27, to: 31 }, type: 'EXCLUSIVE' },
      ],
      ttl: 120,
      wait: 600,
    })
    // It still waits when the pictures are taken, and its connection ends.
    .catch(() => undefined)
  await plan(team)
  await keep(team)
  const say = async (agent: Connection, text: string, to?: Addressee): Promise<number> => {
    const own = {
      writeId: writeId.parse(`story-${text.length}-${text.slice(0, 3)}`),
      type: 'broadcast',
      data: { text },
    }
    return (await agent.request('publish', { ...own, ...(to === undefined ? {} : { to }) })).event.seq
  }
  const asked = await say(review, 'Does shipping stay free above 50?', { agent: agentId.parse('CLAUDE-backend') })
  await backend.request('acknowledge', { seq: asked })
  const told = await say(backend, 'Yes, and an empty cart ships for nothing.')
  for (const agent of [review, planner]) await agent.request('acknowledge', { seq: told })
  await say(planner, 'Coupon rules move to src/shared/coupon.ts next.', { role: agentType.parse('CLAUDE') })
  await workFor(minutes * 0.15, team, ['tests/cart.spec.ts'])
  await backend.request('presence', {
    state: 'editing',
    file: workspacePath.parse(PRICE_PATH),
    symbol: 'applyDiscount',
  })

  // Two of them look at the file live, with a caret each.
  const carets = [
    await showCaret(folder, 'CLAUDE-backend', 'before - coupon.value'),
    await showCaret(folder, 'CODEX-review', 'Date.now()'),
  ]
  let round = 0
  return {
    folder,
    goOn: async () => {
      round += 1
      for (const caret of carets) caret.move()
      await edit(frontend, 'src/ui/Header.tsx', '</h1>', '!</h1>')
      await edit(tests, 'tests/coupon.spec.ts', 'toBeDefined()', `toBeDefined() // ${round}`)
    },
    close: async () => {
      for (const caret of carets) caret.close()
      await folder.close()
    },
  }
}

interface Caret {
  /** So that its flag is seen. */
  readonly move: () => void
  readonly close: () => void
}

/** A live peer that calls itself as the agent, with `words` of the file selected. */
async function showCaret({ url, token }: ServedFolder, name: string, words: string): Promise<Caret> {
  const peer = openPeer(url, formatDocumentName({ kind: 'file', path: workspacePath.parse(PRICE_PATH) }), { token })
  await peer.synced()
  const { awareness } = peer.provider
  awareness.setLocalStateField('user', { name })
  let end = words.length
  const move = (): void => {
    const at = peer.text.toJSON().indexOf(words)
    end = end === words.length ? words.length - 1 : words.length
    const [anchor, head] = [at, at + end].map((index) => createRelativePositionFromTypeIndex(peer.text, index))
    awareness.setLocalStateField('cursor', { anchor, head })
  }
  move()
  return { move, close: () => peer.close() }
}

function discounted(text: string, percent: string, amount: string): string {
  return text.replace('before * (1 - coupon.value / 100)', percent).replace('before - coupon.value', amount)
}
