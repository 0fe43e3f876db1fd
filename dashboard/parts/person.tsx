/** Under which name this page acts, and another one. */
import { useSignal } from '@preact/signals'
import { AgentTag } from './agent-tag.js'
import { personName } from '../model/person.js'
import { usePage } from './context.js'
import { Icon } from './icon.js'

const ID = 'person'

export function openPerson(): void {
  const dialog = document.getElementById(ID)
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal()
}

function useName(): string {
  return personName(usePage().author)
}

export function PersonButton() {
  const name = useName()
  return (
    <button
      type="button"
      class="person-button"
      aria-label={`You are ${name}: change`}
      title={`You are ${name}; change that`}
      onClick={openPerson}
    >
      <span class="dim wide-only">You are</span>
      <AgentTag author={usePage().author} small />
    </button>
  )
}

export function PersonDialog() {
  const name = useName()
  return (
    <dialog id={ID} class="dialog person-dialog" aria-labelledby={`${ID}-title`}>
      <form method="dialog">
        <header>
          <h2 id={`${ID}-title`}>You are {name}</h2>
          <button class="icon-button" aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
      </form>
      <NameForm name={name} />
    </dialog>
  )
}

function NameForm({ name }: { readonly name: string }) {
  const { rename } = usePage()
  const typed = useSignal(name)
  const fault = useSignal<string | null>(null)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        fault.value = rename(typed.peek())
      }}
    >
      <p class="soft">What you write, lock, decide and say here is told as by this name. This browser keeps it.</p>
      <div class="person-name">
        <input
          class="field"
          aria-label="Your name"
          aria-describedby={`${ID}-fault`}
          autocomplete="nickname"
          spellcheck={false}
          autofocus
          value={typed}
          onInput={(event) => {
            typed.value = event.currentTarget.value
            fault.value = null
          }}
        />
        <button class="button button-primary">Use this name</button>
      </div>
      <p id={`${ID}-fault`} class="acting-fault" role="alert">
        {fault.value}
      </p>
    </form>
  )
}
