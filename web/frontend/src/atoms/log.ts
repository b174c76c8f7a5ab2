import { atom } from 'jotai'
import type { LogCategory, LogEntry } from '../types'

export const MAX_LOGS = 50

/** Newest first. */
export const logsAtom = atom<LogEntry[]>([])

export const logCountAtom = atom((get) => get(logsAtom).length)

export const addLogAtom = atom(null, (_get, set, category: LogCategory, message: string) => {
  const entry: LogEntry = { id: nextId++, time: timeOfDay(new Date()), category, message }
  set(logsAtom, (logs) => [entry, ...logs].slice(0, MAX_LOGS))
})

let nextId = 1

/** 24 hours with milliseconds: events of several tabs are compared side by side. */
function timeOfDay(date: Date): string {
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
