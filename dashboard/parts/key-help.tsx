/** The list of keys, from the commands themselves, in a native dialog. */
import { COMMAND_IDS, commandOf, keyCaps, PLACES } from '../commands.js'
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
        <div class="key-places">
          {PLACES.map((place) => (
            <section key={place} aria-label={place}>
              <h3>{place}</h3>
              <dl class="keys">
                {COMMAND_IDS.filter((id) => commandOf(id).place === place).map((id) => {
                  const command = commandOf(id)
                  return (
                    command.keys !== null && (
                      <div key={id} class={keys.available.value.includes(id) ? undefined : 'key-elsewhere'}>
                        <dt>
                          <KeyCaps keys={command.keys} />
                        </dt>
                        <dd>{command.label}</dd>
                      </div>
                    )
                  )
                })}
              </dl>
            </section>
          ))}
        </div>
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

export function KeyCaps({ keys: text }: { readonly keys: string }) {
  const { keys } = usePage()
  return (
    <>
      {keyCaps(text, keys.isApple).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </>
  )
}
