import { useAtom } from 'jotai'
import { useRef, type FormEvent } from 'react'
import { newTitleAtom } from '../atoms/todos'
import './TodoForm.css'

interface Props {
  /** Resolves to false if the title was not saved. */
  onCreate: (title: string) => Promise<boolean>
  /** The server did not accept the last title; the notice with this id says why. */
  errorId: string | null
}

export function TodoForm({ onCreate, errorId }: Props) {
  const [title, setTitle] = useAtom(newTitleAtom)
  const input = useRef<HTMLInputElement>(null)

  // The field is emptied before the request is sent, so a second click or Enter finds
  // nothing to send. What could not be saved comes back, unless the next is being typed.
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    input.current?.focus()
    if (title === '') return
    setTitle('')
    const saved = await onCreate(title)
    if (!saved) setTitle((current) => (current === '' ? title : current))
  }

  return (
    <form className="todos-form" onSubmit={(event) => void submit(event)} noValidate>
      <input
        ref={input}
        autoFocus
        type="text"
        name="todo[title]"
        className="new-todo todos-input"
        aria-label="New todo"
        dir="auto"
        aria-invalid={errorId !== null}
        aria-describedby={errorId ?? undefined}
        placeholder="What needs to be done?"
        autoComplete="off"
        enterKeyHint="done"
        value={title}
        onChange={(event) => setTitle(event.target.value)}
      />
      <button type="submit" className="todos-add-button">
        Add
      </button>
    </form>
  )
}
