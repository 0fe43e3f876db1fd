/** What the page costs to load: the built files, gzipped, against the budget. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const KB = 1000
const root = join(import.meta.dirname, '../../dashboard')

let out: string
let sizes: Map<string, number>
let html: string

beforeAll(async () => {
  // As it is built for people: vitest's own `test` would make libraries bring what helps their developers.
  vi.stubEnv('NODE_ENV', 'production')
  out = await mkdtemp(join(tmpdir(), 'ensemble-dashboard-'))
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: out } })
  html = await readFile(join(out, 'index.html'), 'utf8')
  const names = await readdir(join(out, 'assets'))
  sizes = new Map(
    await Promise.all(
      names.map(async (name) => {
        const bytes = await readFile(join(out, 'assets', name))
        return [name, name.endsWith('.woff2') ? bytes.length : gzipSync(bytes).length] as const
      }),
    ),
  )
}, 60_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(out, { recursive: true, force: true })
})

const sum = (wanted: (name: string) => boolean) =>
  [...sizes].filter(([name]) => wanted(name)).reduce((total, [, size]) => total + size, 0)
const isCode = (name: string) => /\.(?:js|css)$/.test(name)

describe('the built page', () => {
  test('first shows the overview within 90 kB', () => {
    const first = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].map((match) => match[1])
    expect(first.length).toBeGreaterThan(1)
    expect(sum((name) => first.includes(name) && isCode(name))).toBeLessThanOrEqual(90 * KB)
  })

  test('is within 350 kB as a whole, every grammar included', () => {
    expect(sum(isCode)).toBeLessThanOrEqual(350 * KB)
  })

  test('brings fonts of at most 60 kB for Latin text', () => {
    const latin = sum((name) => name.includes('-latin-wght-'))
    expect(latin).toBeGreaterThan(0)
    expect(latin).toBeLessThanOrEqual(60 * KB)
  })

  test('holds no inline script and no address of elsewhere', async () => {
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/)
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    for (const name of sizes.keys()) {
      if (!name.endsWith('.css')) continue
      expect(await readFile(join(out, 'assets', name), 'utf8')).not.toMatch(/url\(["']?(?:https?:)?\/\//)
    }
  })
})
