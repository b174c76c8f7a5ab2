import type { MouseEvent } from 'react'
import { FILTERS, filterUrl, type Filter } from '../todos/filter'
import './TodoFooter.css'

interface Props {
  left: number
  completed: number
  filter: Filter
  onFilter: (filter: Filter) => void
  onClear: () => void
}

const NAMES: Record<Filter, string> = { all: 'All', active: 'Active', completed: 'Completed' }

export function TodoFooter({ left, completed, filter, onFilter, onClear }: Props) {
  return (
    <footer className="footer todos-footer">
      <span className="todo-count todos-count" data-testid="todo-count" aria-live="polite" aria-atomic="true">
        <strong>{left}</strong> {left === 1 ? 'item' : 'items'} left
      </span>
      <ul className="filters todos-filters" aria-label="Filters">
        {FILTERS.map((each) => (
          <li key={each}>
            <FilterLink filter={each} current={each === filter} onFilter={onFilter} />
          </li>
        ))}
      </ul>
      <ClearButton completed={completed} onClear={onClear} />
    </footer>
  )
}

function FilterLink({ filter, current, onFilter }: { filter: Filter; current: boolean; onFilter: (filter: Filter) => void }) {
  const follow = (event: MouseEvent) => {
    if (opensElsewhere(event)) return
    event.preventDefault()
    if (!current) onFilter(filter)
  }
  return (
    <a
      href={filterUrl(filter)}
      className={current ? 'todos-filter selected' : 'todos-filter'}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {NAMES[filter]}
    </a>
  )
}

/** A new tab or window, or a download: what the browser does with any link. */
function opensElsewhere({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean {
  return button !== 0 || metaKey || ctrlKey || shiftKey || altKey
}

function ClearButton({ completed, onClear }: { completed: number; onClear: () => void }) {
  // The button goes with what it clears, and would take the focus with it.
  const clear = () => {
    onClear()
    document.querySelector<HTMLElement>('.todos-filter.selected')?.focus({ preventScroll: true })
  }
  return (
    <button type="button" className="clear-completed todos-clear" hidden={completed === 0} onClick={clear}>
      Clear completed
    </button>
  )
}
