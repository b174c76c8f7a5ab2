import { useCallback, useLayoutEffect, useRef, type RefObject } from 'react'

/**
 * A deleted row takes the focused button with it, and the keyboard would start over at
 * the top of the page. The focus goes to the row below instead, else to the one above,
 * else to the field for a new todo. Call the result just before a row is deleted.
 */
export function useFocusAfterDelete(list: RefObject<HTMLUListElement | null>): () => void {
  const planned = useRef<{ row: Element; next: Element | null } | null>(null)

  useLayoutEffect(() => {
    const plan = planned.current
    if (!plan || plan.row.isConnected) return
    planned.current = null
    focusRow(plan.next?.isConnected ? plan.next : null)
  })

  return useCallback(() => {
    const row = document.activeElement?.closest('.todos-item')
    if (!row || !list.current?.contains(row)) return
    planned.current = { row, next: row.nextElementSibling ?? row.previousElementSibling }
  }, [list])
}

function focusRow(row: Element | null): void {
  const button = row?.querySelector<HTMLElement>('.todos-delete-button:not(:disabled)')
  const target = button ?? document.querySelector<HTMLElement>('.todos-input')
  target?.focus()
}
