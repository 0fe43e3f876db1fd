/** The version of the package, from its package.json. */
import { createRequire } from 'node:module'
import { z } from 'zod'

const manifest = z.object({ version: z.string() })

export const VERSION = manifest.parse(createRequire(import.meta.url)('ensemble/package.json')).version
