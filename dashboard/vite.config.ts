import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

/** Where `npx vite dashboard` sends what belongs to the server while the page is being worked on. */
const SERVER = process.env['ENSEMBLE_URL'] ?? 'http://127.0.0.1:9999'

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

export default defineConfig({
  root: import.meta.dirname,
  plugins: [fontLicences],
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
