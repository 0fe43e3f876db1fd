/** The version of the package, from its package.json. */
import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('ensemble/package.json') as { readonly version: string }

export const VERSION = manifest.version
