import { atom } from 'jotai'
import type { Connection } from '../types'
import type { Scope } from '../todos/actions'
import type { Filter } from '../todos/filter'
import type { Row } from '../todos/overlay'

/** Whether this tab holds the browser's one socket. */
export const isLeaderAtom = atom(false)

export const connectionAtom = atom<Connection>('connecting')

/** The rows as `todos/store.ts` lays them out. Null until the first list is there. */
export const rowsAtom = atom<Row[] | null>(null)

/** What has been typed into the field for a new todo. */
export const newTitleAtom = atom('')

export interface Editing {
  id: number
  /** As it was when the editing began. */
  title: string
  /** Opened by a failure to save rather than by the user, who may be busy elsewhere. */
  again: boolean
}

/** The one title that is being edited, if any. */
export const editingAtom = atom<Editing | null>(null)

/** What has been typed instead of it. */
export const draftAtom = atom('')

/** Asked for, while the server has not answered yet. */
export const chosenFilterAtom = atom<Filter | null>(null)

export interface Notice {
  id: number
  scope: Scope | 'filter' | 'app'
  text: string
  /** The user's input was not accepted, as opposed to something having broken. */
  invalid?: boolean
  reload?: boolean
}

/** The element's id, for `aria-describedby`. */
export const noticeId = ({ id }: Notice) => `notice-${id}`

export const noticesAtom = atom<Notice[]>([])
