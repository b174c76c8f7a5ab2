import { useAtomValue } from 'jotai'
import { useEffect } from 'react'
import { connectionAtom, isLeaderAtom } from '../atoms/todos'
import { useSession } from '../live/context'

/**
 * This tab's part in the election. The election itself lives as long as the page, not
 * the component: it is started here, and goes on while another page is shown.
 */
export function useLeaderElection() {
  const session = useSession()
  useEffect(() => session.start(), [session])
  return { isLeader: useAtomValue(isLeaderAtom), connection: useAtomValue(connectionAtom) }
}
