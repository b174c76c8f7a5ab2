import { useAtom, useSetAtom } from 'jotai'
import { addLogAtom, logsAtom } from '../atoms/log'
import type { LogWriter } from '../types'

/** The event log, for components that show it. */
export function useEventLog() {
  const [logs, setLogs] = useAtom(logsAtom)
  const addLog = useLogWriter()
  return { logs, addLog, clearLogs: () => setLogs([]) }
}

/** For those that only write to it: they are not rendered again with every entry. */
export function useLogWriter(): LogWriter {
  return useSetAtom(addLogAtom)
}
