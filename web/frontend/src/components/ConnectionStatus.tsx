import { useAtomValue } from 'jotai'
import { connectionAtom } from '../atoms/todos'
import type { Connection } from '../types'
import './ConnectionStatus.css'

const TEXTS: Record<Connection, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  reconnecting: 'Reconnecting…',
  offline: 'Offline',
}

export function ConnectionStatus() {
  const connection = useAtomValue(connectionAtom)
  return (
    <p role="status" className={`connection connection--${connection}`}>
      <span className="connection__dot" aria-hidden="true" />
      {TEXTS[connection]}
    </p>
  )
}
