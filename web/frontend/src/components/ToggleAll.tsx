import './Checkbox.css'
import './ToggleAll.css'

interface Props {
  /** Whether every todo is completed already. */
  checked: boolean
  onToggleAll: (completed: boolean) => void
}

export function ToggleAll({ checked, onToggleAll }: Props) {
  return (
    <div className="todos-toggle-all">
      <input
        id="toggle-all"
        type="checkbox"
        className="toggle-all todos-checkbox"
        checked={checked}
        onChange={() => onToggleAll(!checked)}
      />
      <label htmlFor="toggle-all" className="todos-toggle-all__label">
        Mark all as complete
      </label>
    </div>
  )
}
