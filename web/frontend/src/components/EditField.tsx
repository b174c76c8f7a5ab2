import { useAtom, useAtomValue } from 'jotai'
import { useLayoutEffect, useRef, type KeyboardEvent } from 'react'
import { draftAtom, editingAtom } from '../atoms/todos'

interface Props {
  onSave: () => void
  onCancel: () => void
}

/** The title of a row as a field. Leaving it saves, as Enter does; Escape does not. */
export function EditField({ onSave, onCancel }: Props) {
  const [draft, setDraft] = useAtom(draftAtom)
  const again = useAtomValue(editingAtom)?.again ?? false
  const field = useRef<HTMLInputElement>(null)
  useFocusWhileEditing(field, again)

  const finishByKey = (event: KeyboardEvent) => {
    if ((event.key !== 'Enter' && event.key !== 'Escape') || isComposing(event)) return
    // The focus moves on at once, and the rest of the key must not press what it moves to.
    event.preventDefault()
    if (event.key === 'Enter') onSave()
    else onCancel()
  }

  return (
    <input
      ref={field}
      type="text"
      className="edit todos-edit"
      aria-label="Edit"
      dir="auto"
      autoComplete="off"
      enterKeyHint="done"
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      onKeyDown={finishByKey}
      onBlur={onSave}
    />
  )
}

/** The focus comes to the field, and goes back to its row, or to the field for a new todo if the row is gone. */
function useFocusWhileEditing(field: React.RefObject<HTMLInputElement | null>, again: boolean): void {
  useLayoutEffect(() => {
    const input = field.current
    const row = input?.closest('li')
    if (!input || (again && isTyping())) return
    input.focus()
    input.setSelectionRange(input.value.length, input.value.length)
    return () => {
      if (document.activeElement !== input) return
      queueMicrotask(() => {
        if (document.activeElement !== document.body) return
        const checkbox = row?.isConnected ? row.querySelector<HTMLElement>('.todos-checkbox') : null
        const target = checkbox ?? document.querySelector<HTMLElement>('.todos-input')
        target?.focus({ preventScroll: true })
      })
    }
    // Only as it opens: later the focus is the user's.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
}

/** These keys also end the choice of a Japanese or Chinese word. Safari says that it has ended, and then sends the key. */
function isComposing({ nativeEvent }: KeyboardEvent): boolean {
  const PROCESSED = 229
  return nativeEvent.isComposing || nativeEvent.keyCode === PROCESSED
}

function isTyping(): boolean {
  return document.activeElement instanceof HTMLInputElement && document.activeElement.type === 'text'
}
