/** A program for a page that is not ours: with the packages that it imports, as they come from npm. */
import { build } from 'vite'

/** @returns what a page evaluates */
export async function bundle(program: string): Promise<string> {
  const name = 'program'
  const built = await build({
    ...{ configFile: false, logLevel: 'error' },
    build: { write: false, rolldownOptions: { input: name, output: { format: 'iife' } } },
    plugins: [{ name, resolveId: (id) => (id === name ? id : null), load: (id) => (id === name ? program : null) }],
  })
  const chunk = [built].flat().flatMap((one) => ('output' in one ? one.output : []))[0]
  if (chunk?.type !== 'chunk') throw new Error('the program of the page was not built')
  return chunk.code
}
