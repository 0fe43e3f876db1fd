import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

/** Where `npx vite dashboard` sends what belongs to the server while the page is being worked on. */
const SERVER = process.env['ENSEMBLE_URL'] ?? 'http://127.0.0.1:9999'

/** What any view may use, and the overview for the most part does: loaded with the page. */
const SHARED =
  /\/dashboard\/(?:model|parts|router|http|views\/(?:messages|conflict-sides))|\/node_modules\/(?:preact|@preact|lucide-static)\/|\/client\/sdk\/|\/protocol\/(?!text\/)/

/** The fonts may be passed on together with their licence only. */
const fontLicences: Plugin = {
  name: 'font-licences',
  generateBundle() {
    for (const font of ['atkinson-hyperlegible-next', 'atkinson-hyperlegible-mono']) {
      const licence = new URL(`../node_modules/@fontsource-variable/${font}/LICENSE`, import.meta.url)
      this.emitFile({ type: 'asset', fileName: `assets/${font}-LICENSE.txt`, source: readFileSync(licence, 'utf8') })
    }
  },
}

/** y-codemirror's own carets, which it brings along though carets.ts draws them: they are shown only where it is given an awareness. */
const withoutCarets: Plugin = {
  name: 'without-carets',
  load(id) {
    if (!id.endsWith('/y-codemirror.next/src/y-remote-selections.js')) return
    return 'export const yRemoteSelections = [], yRemoteSelectionsTheme = []'
  },
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [fontLicences, withoutCarets],
  // What Yjs warns of goes to the console, without colours: its way to colour a console brings a toolkit for pages along.
  resolve: { alias: { 'lib0/logging': join(import.meta.dirname, '../node_modules/lib0/logging.node.js') } },
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    // The oldest browsers that know light-dark(); older ones would need every colour twice.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // A font or icon inlined as a data: address would need a looser content policy.
    assetsInlineLimit: 0,
    // Its helper would be an inline script, which the content policy refuses.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Each grammar is a chunk of its own; without a name of its own it would be called after a folder, `dist`.
        chunkFileNames: ({ moduleIds }) => {
          const grammar = /@codemirror\/lang-(\w+)/.exec(moduleIds.at(-1) ?? '')?.[1]
          return `assets/${grammar === undefined ? '[name]' : `grammar-${grammar}`}-[hash].js`
        },
        // Twenty chunks of one kilobyte, each shared by two views, are five kilobytes more than two chunks.
        codeSplitting: {
          groups: [
            { name: 'shared', minShareCount: 2, test: SHARED },
            { name: 'texts', minShareCount: 2, test: /\/protocol\/text\// },
          ],
        },
      },
      treeshake: {
        // Modules of protocol/ only declare: one whose exports go unused drags no schema (and no zod) into the page.
        moduleSideEffects: (id) => !id.includes('/protocol/'),
      },
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    proxy: Object.fromEntries(['/api', '/agent', '/sync'].map((path) => [path, { target: SERVER, ws: true }])),
  },
})
