import { atom } from 'jotai'
import type { Connection } from '../types'
import type { Scope } from '../todos/actions'
import type { Row } from '../todos/overlay'

/** Whether this tab holds the browser's one socket. */
export const isLeaderAtom = atom(false)

export const connectionAtom = atom<Connection>('connecting')

/** The rows as `todos/store.ts` lays them out. Null until the first list is there. */
export const rowsAtom = atom<Row[] | null>(null)

export interface Notice {
  id: number
  scope: Scope | 'app'
  text: string
  /** The user's input was not accepted, as opposed to something having broken. */
  invalid?: boolean
  reload?: boolean
}

/** The element's id, for `aria-describedby`. */
export const noticeId = ({ id }: Notice) => `notice-${id}`

export const noticesAtom = atom<Notice[]>([])
