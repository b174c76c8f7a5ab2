import { memo } from 'react'
import type { Row } from '../todos/overlay'

interface Props {
  row: Row
  onToggle: (row: Row) => void
  onDelete: (row: Row) => void
}

/** Memoised: of a thousand rows only those that have changed are rendered again. */
export const TodoRow = memo(function TodoRow({ row, onToggle, onDelete }: Props) {
  const pending = row.id === null
  const textClass = row.completed ? 'todos-text todos-text--completed' : 'todos-text'
  return (
    <li className={pending ? 'todos-item todos-item--pending' : 'todos-item'} aria-busy={pending}>
      <label className="todos-label">
        <input
          type="checkbox"
          className="todos-checkbox"
          checked={row.completed}
          disabled={pending}
          onChange={() => onToggle(row)}
        />
        <span className={textClass}>{row.title}</span>
      </label>
      <button
        type="button"
        className="todos-delete-button"
        aria-label={`Delete "${row.title}"`}
        disabled={pending}
        onClick={() => onDelete(row)}
      >
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M4 4l8 8m0-8l-8 8" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" />
        </svg>
      </button>
    </li>
  )
}, isSameRow)

/** Rows are laid out anew with every update, so they are compared by what they show. */
function isSameRow(before: Props, after: Props): boolean {
  return (
    before.row.id === after.row.id &&
    before.row.title === after.row.title &&
    before.row.completed === after.row.completed &&
    before.onToggle === after.onToggle &&
    before.onDelete === after.onDelete
  )
}
