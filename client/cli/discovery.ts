/**
 * Which server a command speaks to, decided from what was found: flags, then the environment, then the nearest `.ensemble`
 * above the current folder, then the one server that runs on this machine (find-server.ts looks; here is no disk).
 */
import { EnsembleError } from '../../protocol/errors.js'

export interface KnownServer {
  /** `http://127.0.0.1:9999` */
  readonly url: string
  /** Absolute path of the folder that it serves, where it serves one on this machine. */
  readonly workspace: string | null
  /** Null: its token came from elsewhere, and no file is known to hold it. */
  readonly tokenFile: string | null
}

export interface Wishes {
  readonly url?: string | undefined
  readonly tokenFile?: string | undefined
}

export interface DiscoveryFacts {
  readonly flags: Wishes
  /** Of ENSEMBLE_URL and ENSEMBLE_TOKEN; empty counts as absent. */
  readonly env: { readonly url?: string | undefined; readonly token?: string | undefined }
  /** What the nearest `.ensemble` names, if that server answers. */
  readonly above: KnownServer | undefined
  /** What the nearest `.ensemble` names, if nobody answers there. */
  readonly silent: string | undefined
  /** Alive, by the user's state folder. */
  readonly running: readonly KnownServer[]
}

export type TokenSource =
  { readonly kind: 'text'; readonly token: string } | { readonly kind: 'file'; readonly file: string }

/** @throws EnsembleError E_USAGE (several run, or the address is none), E_UNREACHABLE (none runs) */
export function chooseServer(facts: DiscoveryFacts): KnownServer {
  const { flags, env, above, running } = facts
  const named = flags.url ?? env.url
  if (named !== undefined) return byUrl(parseServerUrl(named), above === undefined ? running : [above, ...running])
  if (above === undefined) return onlyOne(facts)
  return { ...above, workspace: above.workspace ?? byUrl(above.url, running).workspace }
}

/** @throws EnsembleError E_UNAUTHORIZED (no token is known) */
export function chooseToken(server: KnownServer, { flags, env }: Pick<DiscoveryFacts, 'flags' | 'env'>): TokenSource {
  if (flags.tokenFile !== undefined) return { kind: 'file', file: flags.tokenFile }
  if (env.token !== undefined) return { kind: 'text', token: env.token }
  if (server.tokenFile !== null) return { kind: 'file', file: server.tokenFile }
  throw new EnsembleError('E_UNAUTHORIZED', `No token is known for ${server.url}.`, {
    hint: 'Name the file that holds it with --token-file, or set ENSEMBLE_TOKEN; it stands in .ensemble/token of the workspace.',
  })
}

function byUrl(url: string, known: readonly KnownServer[]): KnownServer {
  const same = known.filter((server) => sameEndpoint(server.url, url))
  const first = <T>(of: (server: KnownServer) => T | null): T | null =>
    same.map(of).find((value) => value !== null) ?? null
  return { url, workspace: first(({ workspace }) => workspace), tokenFile: first(({ tokenFile }) => tokenFile) }
}

function onlyOne({ running, silent }: DiscoveryFacts): KnownServer {
  const [first, second] = running
  if (first === undefined) {
    throw new EnsembleError(
      'E_UNREACHABLE',
      silent === undefined
        ? 'No Ensemble server runs on this machine.'
        : `The server of this folder, ${silent}, does not answer, and no other runs on this machine.`,
      { hint: 'Start one, or name one with --url.', data: { try: 'ensemble server start DIR' } },
    )
  }
  if (second === undefined) return first
  throw new EnsembleError('E_USAGE', `${running.length} Ensemble servers run on this machine.`, {
    hint: 'Say which one is meant, with --url or ENSEMBLE_URL, or work in its folder.',
    data: {
      servers: running.map(({ url, workspace }) => ({ url, workspace })),
      details: running.map(({ url, workspace }) => `${url}  ${workspace ?? ''}`.trimEnd()),
    },
  })
}

/**
 * `host:port`, `http://…` or `ws://…`, without a path, as an http origin.
 * @throws EnsembleError E_USAGE
 */
export function parseServerUrl(text: string): string {
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(whole) ? new URL(whole.replace(/^ws/i, 'http')) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new EnsembleError('E_USAGE', `"${text}" is not the address of a server.`, {
      hint: 'It reads http://127.0.0.1:9999, or just 127.0.0.1:9999.',
    })
  }
  return url.origin
}

/** Whether it names this machine, whatever its name in the network. */
export function isLoopback(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)
}

function sameEndpoint(a: string, b: string): boolean {
  const [one, other] = [new URL(a), new URL(b)]
  if (one.protocol !== other.protocol || one.port !== other.port) return false
  return one.hostname === other.hostname || (isLoopback(a) && isLoopback(b))
}
