/** Why a port could not be had, in words that help. */
import { EnsembleError } from '../protocol/errors.js'

/** Asking whoever holds the port must not take long. In milliseconds. */
const ASKING = 1_000

export async function portFault(error: unknown, host: string, port: number): Promise<EnsembleError> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    const ours = await isEnsemble(host, port)
    return new EnsembleError(
      'E_PORT_TAKEN',
      `Port ${port} is taken by ${ours ? 'another Ensemble server' : 'another program'}.`,
      {
        hint: ours ? 'Stop it, or choose another --port.' : 'Choose another --port.',
        data: { port, host, ours },
        cause: error,
      },
    )
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
