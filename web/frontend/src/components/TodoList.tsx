import { useCallback, useRef } from 'react'
import { useEditor } from '../hooks/useEditor'
import type { Row } from '../todos/overlay'
import { TodoRow } from './TodoRow'
import { useFocusAfterDelete } from './useFocusAfterDelete'
import { useListMotion } from './useListMotion'
import { useRowWindow } from './useRowWindow'
import './TodoList.css'

interface Props {
  rows: Row[]
  onToggle: (row: Row) => void
  onDelete: (row: Row) => void
}

export function TodoList({ rows, onToggle, onDelete }: Props) {
  const list = useRef<HTMLUListElement>(null)
  const { editing, editor } = useEditor()
  const editedId = editing?.id ?? null
  const shown = useRowWindow(rows, list, editedId)
  const planFocus = useFocusAfterDelete(list)
  useListMotion(list, rows, !shown.windowed)

  const remove = useCallback(
    (row: Row) => {
      planFocus()
      onDelete(row)
    },
    [planFocus, onDelete],
  )
  const edit = useCallback((row: Row) => editor.start(row), [editor])
  const cancel = useCallback(() => editor.cancel(), [editor])
  const save = useCallback(() => {
    if (editor.draft() === '') planFocus()
    void editor.save()
  }, [planFocus, editor])

  return (
    <ul
      className={shown.windowed ? 'todo-list todos-list todos-list--windowed' : 'todo-list todos-list'}
      ref={list}
      aria-label="Todos"
      style={{ paddingBlockEnd: shown.room }}
      onFocus={shown.onFocus}
      onBlur={shown.onBlur}
    >
      {shown.rows.map(({ row, place }) => (
        <TodoRow
          key={row.key}
          row={row}
          place={place}
          editing={row.id !== null && row.id === editedId}
          onToggle={onToggle}
          onDelete={remove}
          onEdit={edit}
          onSave={save}
          onCancel={cancel}
        />
      ))}
    </ul>
  )
}
