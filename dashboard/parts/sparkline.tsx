/** The shape of the last values; the value itself stands beside it in digits. */

const WIDTH = 84
const HEIGHT = 20

export function Sparkline({ values }: { readonly values: readonly number[] }) {
  if (values.length < 2) return <svg class="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true" />
  const most = Math.max(...values)
  const least = Math.min(...values)
  // A line that hardly moves is drawn flat: its noise is no news.
  const range = Math.max(most - least, most * 0.1, Number.MIN_VALUE)
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH
    const y = HEIGHT - 3 - ((value - least) / range) * (HEIGHT - 6)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg class="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true">
      <polyline points={points.join(' ')} />
    </svg>
  )
}
