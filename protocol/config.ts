/**
 * `ensemble.config.json` in the served folder. Every field has a default that works untouched; an unknown or ill-typed
 * field is refused by its name.
 */
import { z } from 'zod'
import { EnsembleError } from './errors.js'
import { faultsOf } from './faults.js'
import { softReason } from './files.js'
import { pathGlob } from './path-glob.js'
import { agentType } from './ids.js'

const MB = 1024 * 1024
/** Bytes travel in base64, four for three, with some room for what is said about them. */
const BASE64_GROWTH = 1.5

export const config = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find this schema; not read by the server.'),
    agentTypes: z
      .array(agentType)
      .min(1)
      .default(() => ['CLAUDE', 'CODEX', 'GEMINI'].map((type) => agentType.parse(type)))
      .describe('The types of agents that may connect.'),
    allowedHosts: z
      .array(z.string().min(1))
      .default([])
      .describe('Host names, besides loopback and the address served on, that requests may name in Host and Origin.'),
    limits: z
      .strictObject({
        fileBytes: z
          .int()
          .min(1)
          .max(512 * MB)
          .default(100 * MB)
          .describe('Larger files are left out of sync, and reported. In bytes.'),
        messageBytes: z
          .int()
          .min(64 * 1024)
          .default(160 * MB)
          .describe('The largest message of the agent socket. In bytes.'),
        frameBytes: z
          .int()
          .min(64 * 1024)
          .default(32 * MB)
          .describe('The largest WebSocket frame; on /sync the largest update. In bytes.'),
        documentBytes: z
          .int()
          .min(1 * MB)
          .max(64 * MB)
          .default(64 * MB)
          .describe('Of a document with its history: beyond it, what Yjs peers change is refused. In bytes.'),
        documentsPerSocket: z.int().min(1).default(256).describe('Documents that one agent socket may carry at once.'),
        messagesPerSecond: z
          .int()
          .min(1)
          .default(2000)
          .describe('Frames a second that one connection may send, on average over ten seconds.'),
        messagesPerSecondOfToken: z
          .int()
          .min(1)
          .default(20_000)
          .describe(
            'Frames and requests a second that may come with one token, over all its connections, on average over ten seconds.',
          ),
        outboundBytes: z
          .int()
          .min(1 * MB)
          .default(64 * MB)
          .describe(
            'Unsent bytes a connection may gather, besides one message, before it is closed with 1013. In bytes.',
          ),
        slowReaderSeconds: z
          .int()
          .min(1)
          .max(3600)
          .default(30)
          .describe(
            'A connection for which much waits must take 512 KB of it, or all, in so many seconds, or it is closed with 1013.',
          ),
      })
      .refine(({ fileBytes, messageBytes }) => messageBytes >= fileBytes * BASE64_GROWTH, {
        path: ['messageBytes'],
        error: 'must be at least one and a half times limits.fileBytes, so that such a file fits into a message',
      })
      .prefault({}),
    merge: z
      .strictObject({
        soft: z
          .array(softReason)
          .default(() => [...softReason.options])
          .describe('Overlaps of these kinds are merged, and noted; the others are held, as conflicts.'),
        hold: z
          .array(
            z.strictObject({
              paths: z
                .array(pathGlob)
                .min(1)
                .describe('Globs: what is below a folder is named by the folder, or by **.'),
              soft: z
                .array(softReason)
                .min(1)
                .default(() => [...softReason.options])
                .describe('The kinds that are held in these files, whatever is merged elsewhere.'),
            }),
          )
          .default([])
          .describe('Files in which overlaps are rather held than merged.'),
      })
      .prefault({}),
    locks: z
      .strictObject({
        enforcement: z
          .enum(['on', 'off'])
          .default('on')
          .describe(
            '"on": what an agent changes in a region that another holds EXCLUSIVE is held back, as a conflict.',
          ),
        graceSeconds: z
          .number()
          .min(0)
          .max(3600)
          .default(30)
          .describe('An agent whose connection broke keeps its locks for this long. In seconds.'),
      })
      .prefault({}),
    bridge: z
      .strictObject({
        quietMilliseconds: z
          .int()
          .min(0)
          .max(5000)
          .default(10)
          .describe('A file written in place is read when it has been quiet for this long. In milliseconds.'),
        auditSeconds: z
          .number()
          .min(1)
          .max(3600)
          .default(5)
          .describe('Every file is compared with the index this often, whatever was reported. In seconds.'),
      })
      .prefault({}),
  })
  .describe('Configuration of an Ensemble workspace.')
export type Config = z.infer<typeof config>

export const DEFAULT_CONFIG: Config = config.parse({})

/**
 * @param text of the file
 * @throws EnsembleError E_CONFIG, naming each field that is unknown or ill-typed
 */
export function parseConfig(text: string): Config {
  let raw: unknown
  try {
    raw = JSON.parse(text.replace(/^\uFEFF/, '')) // some editors begin a file with a byte-order mark
  } catch (cause) {
    throw new EnsembleError('E_CONFIG', `ensemble.config.json is not JSON: ${String(cause)}`, { cause })
  }
  const parsed = config.safeParse(raw)
  if (parsed.success) return parsed.data
  const faults = faultsOf(parsed.error)
  throw new EnsembleError('E_CONFIG', `ensemble.config.json is not valid. ${faults.join('; ')}`, {
    hint: 'protocol/config.schema.json lists every field with its meaning and default.',
    data: { faults },
  })
}
