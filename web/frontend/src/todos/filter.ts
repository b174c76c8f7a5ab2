import type { Row } from './overlay'

export const FILTERS = ['all', 'active', 'completed'] as const

export type Filter = (typeof FILTERS)[number]

/** From a prop that an older server does not send. */
export function readFilter(prop: unknown): Filter {
  return FILTERS.find((filter) => filter === prop) ?? 'all'
}

export function filterUrl(filter: Filter): string {
  return filter === 'all' ? '/todos' : `/todos?filter=${filter}`
}

/** What to show. The row that is being edited stays, whatever becomes of it meanwhile. */
export function filterRows(rows: Row[], filter: Filter, editedId: number | null): Row[] {
  if (filter === 'all') return rows
  const completed = filter === 'completed'
  return rows.filter((row) => row.completed === completed || (row.id !== null && row.id === editedId))
}
