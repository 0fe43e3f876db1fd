/** The list of keys, from the registry itself, in a native dialog. */
import { usePage } from './context.js'
import { Icon } from './icon.js'

const ID = 'key-help'

export function openKeyHelp(): void {
  const dialog = document.getElementById(ID)
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal()
}

export function KeyHelp() {
  const { keys } = usePage()
  return (
    <dialog id={ID} class="dialog" aria-labelledby={`${ID}-title`}>
      <form method="dialog">
        <header>
          <h2 id={`${ID}-title`}>Keyboard shortcuts</h2>
          <button class="icon-button" aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
        <dl class="keys">
          {keys.bindings.value.map((binding) => (
            <div key={binding.keys}>
              <dt>
                {binding.keys.split(' ').map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{binding.label}</dd>
            </div>
          ))}
        </dl>
        <label class="choice">
          <input
            type="checkbox"
            checked={keys.enabled.value}
            onChange={(event) => keys.turn(event.currentTarget.checked)}
          />
          Single keys work on this page
        </label>
      </form>
    </dialog>
  )
}
