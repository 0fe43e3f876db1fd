/** A command to run in a terminal, and a button that copies it. */
import { useSignal } from '@preact/signals'

/** How long the button says that it has copied. In milliseconds. */
const SAID_FOR = 2_000

export function CopyCommand({ command }: { readonly command: string }) {
  const said = useSignal<'Copy' | 'Copied' | 'Select it'>('Copy')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command)
      said.value = 'Copied'
    } catch {
      // Browsers give the clipboard to secure pages only, and some ask: then selecting by hand is left.
      said.value = 'Select it'
    }
    setTimeout(() => (said.value = 'Copy'), SAID_FOR)
  }
  return (
    <div class="command">
      <code tabIndex={0}>{command}</code>
      <button type="button" class="button" onClick={() => void copy()} aria-live="polite">
        {said}
      </button>
    </div>
  )
}
