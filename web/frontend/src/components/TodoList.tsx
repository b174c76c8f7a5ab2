import { useCallback, useRef } from 'react'
import type { Row } from '../todos/overlay'
import { TodoRow } from './TodoRow'
import { useFocusAfterDelete } from './useFocusAfterDelete'
import './TodoList.css'

interface Props {
  rows: Row[]
  onToggle: (row: Row) => void
  onDelete: (row: Row) => void
}

export function TodoList({ rows, onToggle, onDelete }: Props) {
  const list = useRef<HTMLUListElement>(null)
  const planFocus = useFocusAfterDelete(list)
  const remove = useCallback(
    (row: Row) => {
      planFocus()
      onDelete(row)
    },
    [planFocus, onDelete],
  )

  return (
    <>
      <ul className="todos-list" ref={list} aria-label="Todos">
        {rows.map((row) => (
          <TodoRow key={row.key} row={row} onToggle={onToggle} onDelete={remove} />
        ))}
      </ul>
      {rows.length === 0 && <p className="todos-empty">No todos yet. Add one above!</p>}
    </>
  )
}
