import { describe, expect, it } from 'vitest'
import { EnsembleError, ERRORS, isErrorCode, toEnsembleError, unreachable } from '../../protocol/errors.js'

const codes = Object.keys(ERRORS).filter(isErrorCode)

describe('errors', () => {
  it.each(codes)('[SYNC-11] %s says by its close code whether to retry', (code) => {
    const { status, close, retry } = new EnsembleError(code, 'It happened.')
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    if (retry) expect(close === 1013 || (close >= 4500 && close < 4600)).toBe(true)
    else expect(close >= 4400 && close < 4500).toBe(true)
  })

  it('[SYNC-11] the stale epoch of a document is 4409, a slow reader 1013', () => {
    expect(ERRORS.E_EPOCH).toEqual({ status: 409, close: 4409, retry: false })
    expect(ERRORS.E_SLOW_READER).toEqual({ status: 503, close: 1013, retry: true })
  })

  it('[DOC-5] 4409 means a stale epoch and nothing else', () => {
    expect(codes.filter((code) => ERRORS[code].close === 4409)).toEqual(['E_EPOCH'])
  })

  it('carry what happened, what to do, and facts', () => {
    const cause = new Error('inner')
    const error = new EnsembleError('E_LIMIT', 'Too many.', { hint: 'Wait.', data: { limit: 3 }, cause })
    expect(error).toMatchObject({ name: 'EnsembleError', code: 'E_LIMIT', hint: 'Wait.', data: { limit: 3 }, cause })
    expect(new EnsembleError('E_LIMIT', 'Too many.').data).toEqual({})
  })

  it('whatever else was thrown is shown as E_INTERNAL without its text', () => {
    const own = new EnsembleError('E_PATH', 'No.')
    expect(toEnsembleError(own)).toBe(own)
    const shown = toEnsembleError(new Error('/home/me/secret'))
    expect(shown.code).toBe('E_INTERNAL')
    expect(`${shown.message} ${shown.hint ?? ''}`).not.toContain('secret')
    expect(toEnsembleError('a string').code).toBe('E_INTERNAL')
  })

  it('only codes of the table are codes', () => {
    expect(isErrorCode('E_PATH')).toBe(true)
    for (const name of ['toString', '__proto__', 'constructor', 'E_NOPE', '']) expect(isErrorCode(name)).toBe(false)
  })

  it('an unhandled member of a union ends loudly', () => {
    expect(() => unreachable('x' as never)).toThrow('unreachable: "x"')
  })
})
