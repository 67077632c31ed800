import type { JSX, RefObject } from 'preact'
import type { Shortcut } from './keyboard.ts'

/** Every key of the keyboard that does something. */
export function Help({
  dialog,
  shortcuts,
}: {
  readonly dialog: RefObject<HTMLDialogElement | null>
  readonly shortcuts: readonly Shortcut[]
}): JSX.Element {
  return (
    <dialog ref={dialog} aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <dl class="shortcuts">
        {shortcuts.map(({ keys, what }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key === 'Escape' ? 'Esc' : key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="main-action" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  )
}
