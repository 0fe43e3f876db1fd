/** How busy a file is, as a length. Never a colour: colours say who. */

/** @param value from 0 to 1 */
export function HeatBar({ value }: { readonly value: number }) {
  return (
    <span class="heat" aria-hidden="true">
      <i style={{ width: `${Math.round(value * 100)}%` }} />
    </span>
  )
}
