/** Why a port could not be had, in words that help. */
import { EnsembleError } from '../protocol/errors.js'

/** Asking whoever holds the port must not take long. In milliseconds. */
const ASKING = 1_000

/** @param whoServes tells who said last that it serves on a port, if it is known */
export async function portFault(
  error: unknown,
  host: string,
  port: number,
  whoServes: (port: number) => Promise<{ readonly workspace: string; readonly pid: number } | undefined>,
): Promise<EnsembleError> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    const ours = await isEnsemble(host, port)
    const server = ours ? await whoServes(port) : undefined
    const whose = server === undefined ? 'another Ensemble server' : `the Ensemble server of ${server.workspace}`
    const message = `Port ${port} is taken by ${ours ? whose : 'another program'}.`
    return new EnsembleError('E_PORT_TAKEN', message, {
      hint: ours
        ? `Stop it with "ensemble server stop --port ${port}", or choose another --port.`
        : 'Choose another --port; 0 takes a free one.',
      data: { port, host, ours, ...server },
      cause: error,
    })
  }
  if (code === 'EACCES') {
    return new EnsembleError('E_PORT_TAKEN', `This user may not listen on port ${port}.`, {
      hint: 'Choose a --port above 1023.',
      cause: error,
    })
  }
  return new EnsembleError('E_PORT_TAKEN', `The server cannot listen on ${host}:${port}: ${String(error)}`, {
    hint: 'Check --host and --port.',
    cause: error,
  })
}

async function isEnsemble(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const answer = await fetch(`http://${name.includes(':') ? `[${name}]` : name}:${port}/healthz`, {
    signal: AbortSignal.timeout(ASKING),
  }).catch(() => undefined)
  return answer?.headers.get('x-ensemble') !== null && answer !== undefined
}
