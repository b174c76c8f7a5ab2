import { memo, type KeyboardEvent, type MouseEvent } from 'react'
import type { Row } from '../todos/overlay'
import { EditField } from './EditField'
import { DeleteIcon, EditIcon } from './icons'
import type { Place } from './rowWindow'
import './Checkbox.css'
import './TodoRow.css'

interface Props {
  row: Row
  editing: boolean
  place: Place | null
  onToggle: (row: Row) => void
  onDelete: (row: Row) => void
  onEdit: (row: Row) => void
  onSave: () => void
  onCancel: () => void
}

/** Memoised: of a thousand rows only those that have changed are rendered again. */
export const TodoRow = memo(function TodoRow(props: Props) {
  const { row, editing, place, onToggle, onDelete, onEdit, onSave, onCancel } = props
  const pending = row.id === null
  const labelId = `${row.key}-title`

  const editByKey = (event: KeyboardEvent) => {
    if (event.key !== 'F2' || editing) return
    event.preventDefault()
    onEdit(row)
  }
  // The text does not toggle, so that a double click does one thing only.
  const editByClick = ({ target }: MouseEvent) => {
    if (target instanceof Element && !target.closest('input, button')) onEdit(row)
  }

  return (
    <li
      className={classes(row, editing)}
      data-testid="todo-item"
      data-key={row.key}
      aria-busy={pending}
      onKeyDown={editByKey}
      {...(place && placed(place))}
    >
      <div className="view todos-view" hidden={editing} onDoubleClick={editByClick}>
        <input
          type="checkbox"
          className="toggle todos-checkbox"
          aria-labelledby={labelId}
          aria-keyshortcuts="F2"
          checked={row.completed}
          disabled={pending}
          onChange={() => onToggle(row)}
        />
        <label
          id={labelId}
          className={row.completed ? 'todos-text todos-text--completed' : 'todos-text'}
          data-testid="todo-title"
          dir="auto"
        >
          {row.title}
        </label>
        {/* Not a stop of the Tab key, which has F2 instead: long lists have enough of them. */}
        <button
          type="button"
          className="todos-row-button todos-edit-button"
          aria-label={`Edit "${row.title}"`}
          tabIndex={-1}
          disabled={pending}
          onClick={() => onEdit(row)}
        >
          <EditIcon />
        </button>
        <button
          type="button"
          className="destroy todos-row-button todos-delete-button"
          aria-label={`Delete "${row.title}"`}
          disabled={pending}
          onClick={() => onDelete(row)}
        >
          <DeleteIcon />
        </button>
      </div>
      {editing && <EditField onSave={onSave} onCancel={onCancel} />}
    </li>
  )
}, isSameRow)

function classes({ id, completed }: Row, editing: boolean): string {
  return ['todos-item', id === null && 'todos-item--pending', completed && 'completed', editing && 'editing'].filter(Boolean).join(' ')
}

function placed({ index, gap, of }: Place) {
  return {
    'aria-posinset': index + 1,
    'aria-setsize': of,
    ...(gap > 0 && { style: { marginBlockStart: `${gap}px` } }),
  }
}

/** Rows are laid out anew with every update, so they are compared by what they show. */
function isSameRow(before: Props, after: Props): boolean {
  return (
    before.row.id === after.row.id &&
    before.row.title === after.row.title &&
    before.row.completed === after.row.completed &&
    before.editing === after.editing &&
    before.place?.index === after.place?.index &&
    before.place?.gap === after.place?.gap &&
    before.place?.of === after.place?.of &&
    before.onToggle === after.onToggle &&
    before.onDelete === after.onDelete &&
    before.onEdit === after.onEdit &&
    before.onSave === after.onSave &&
    before.onCancel === after.onCancel
  )
}
