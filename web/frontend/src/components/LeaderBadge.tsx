import { useAtomValue } from 'jotai'
import { isLeaderAtom } from '../atoms/todos'
import './LeaderBadge.css'

const HINTS = {
  leader: 'This tab holds the connection to the server for all tabs of this browser',
  follower: 'Another tab of this browser holds the connection to the server',
}

export function LeaderBadge() {
  const role = useAtomValue(isLeaderAtom) ? 'leader' : 'follower'
  return (
    <span className={`leader-badge leader-badge--${role}`} title={HINTS[role]}>
      <span className="leader-badge__dot" aria-hidden="true" />
      {role === 'leader' ? 'Leader' : 'Follower'}
    </span>
  )
}
