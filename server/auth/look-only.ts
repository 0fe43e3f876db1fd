/** The answer to whoever may look, and wants to change something (rule AUTH-11). */
import { EnsembleError } from '../../protocol/errors.js'

export function lookOnly(what = 'This'): EnsembleError {
  return new EnsembleError('E_READ_ONLY', `${what} needs a session that may write; this one is read-only.`, {
    hint: 'Ask whoever runs the server for a link that may write: "ensemble dashboard" makes one.',
  })
}
