import './TodoStats.css'

interface Props {
  total: number
  done: number
}

export function TodoStats({ total, done }: Props) {
  return (
    <div className="todos-stats">
      <Stat label="Total" value={total} />
      <Stat label="Done" value={done} />
      <Stat label="Remaining" value={total - done} />
      <progress className="todos-stats__progress" aria-label="Done" value={done} max={Math.max(total, 1)} />
    </div>
  )
}

function Stat({ label, value }: { label: string; value: number }) {
  return (
    <div className="todos-stat">
      <span className="todos-stat__value">{value}</span>
      <span className="todos-stat__label">{label}</span>
    </div>
  )
}
