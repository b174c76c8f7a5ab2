import type { Filter } from '../todos/filter'

/** One row of the list, as the server serialises it. */
export interface Todo {
  id: number
  title: string
  completed: boolean
  /** ISO 8601, UTC. */
  created_at: string
}

/** The whole list at one moment, with the version the database gave it. */
export interface Snapshot {
  todos: Todo[]
  /** Raised in the same transaction as every write. */
  rev: number
  /** Names the database: revisions of two databases cannot be compared. */
  epoch: string
}

/** Field name to message without the field name, for example `{ title: "can't be blank" }`. */
export type FieldErrors = Record<string, string>

/** Props of the page `Todos/Index`. */
export interface TodosPageProps extends Omit<Snapshot, 'todos'> {
  /** Null once a list is so long that Inertia is spared it. */
  todos: Todo[] | null
  /** Missing if the server knows no filters. */
  filter?: Filter
  errors: FieldErrors
  [key: string]: unknown
}

/** Props of the page `Errors/Show`. */
export interface ErrorPageProps {
  status: number
  title: string
  message: string
}

export type LogCategory = 'cable' | 'broadcast' | 'leader' | 'follower'

export interface LogEntry {
  id: number
  time: string
  category: LogCategory
  message: string
}

export type LogWriter = (category: LogCategory, message: string) => void

/** How fresh this browser's view is, whichever tab holds the socket. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline'
