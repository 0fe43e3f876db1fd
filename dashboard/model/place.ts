/** A place in a file as it stands behind the `#` of an address: `L12`, `L12-20`, `r41`, `r41L12-20`. */

export interface Place {
  /** Of an earlier text; null: as it is now. */
  readonly rev: number | null
  /** From 1; null: no place in particular. */
  readonly lines: { readonly from: number; readonly to: number } | null
}

export function parsePlace(hash: string): Place {
  const match = /^#(?:r(\d{1,9}))?(?:L(\d{1,9})(?:-L?(\d{1,9}))?)?$/.exec(hash)
  const [, rev, from, to] = match ?? []
  const first = Number(from ?? 0)
  return {
    rev: rev === undefined || Number(rev) === 0 ? null : Number(rev),
    lines: first === 0 ? null : { from: first, to: Math.max(first, Number(to ?? first)) },
  }
}

/** Empty for no place at all. */
export function formatPlace({ rev, lines }: Place): string {
  const version = rev === null ? '' : `r${rev}`
  const place = lines === null ? '' : `L${lines.from}${lines.to === lines.from ? '' : `-${lines.to}`}`
  return version + place === '' ? '' : `#${version}${place}`
}
