/** What was typed here and stands in no file: to be copied, until a person says that it may go. */
import { usePage } from '../parts/context.js'

export function Stranded({ path }: { readonly path: string }) {
  const { drafts } = usePage()
  const pieces = drafts.stranded(path)
  if (pieces.length === 0) return null
  const text = pieces.map((piece) => (piece.endsWith('\n') ? piece : `${piece}\n`)).join('\n')
  return (
    <section class="stranded" aria-label="What you typed">
      <p>
        <b>Not in the file:</b> this is what you typed before the connection broke. The file has changed there since, or
        cannot be written now.
      </p>
      <pre tabIndex={0}>{text}</pre>
      <p class="stranded-ends">
        <button type="button" class="button" onClick={() => void navigator.clipboard.writeText(text)}>
          Copy
        </button>
        <button type="button" class="button button-ghost" onClick={() => drafts.dismiss(path)}>
          Discard it
        </button>
      </p>
    </section>
  )
}
