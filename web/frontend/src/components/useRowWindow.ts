import { defaultRangeExtractor, useWindowVirtualizer, type Range } from '@tanstack/react-virtual'
import { useCallback, useLayoutEffect, useState, type RefObject } from 'react'
import type { Row } from '../todos/overlay'
import { rowId, type Place } from './TodoRow'
import { usePrinting } from './usePrinting'

/** Up to here all rows are in the document, where the browser's own search finds them. */
const MOST_IN_DOCUMENT = 200

/** The height of a row with one line, in pixels. All are measured once they are there. */
const USUAL_HEIGHT = 53

interface RowWindow {
  rows: { row: Row; place: Place | null }[]
  /** Of the whole list in pixels, null if that is for the browser to find out. */
  height: number | null
}

/** Of a long list only the rows in view, with those that have the focus or are being edited. */
export function useRowWindow(rows: Row[], list: RefObject<HTMLUListElement | null>, editedId: number | null): RowWindow {
  const enabled = !usePrinting() && rows.length > MOST_IN_DOCUMENT
  const scrollMargin = useTopOf(list, enabled)

  const rangeExtractor = useCallback(
    (range: Range) => {
      const focused = list.current?.querySelector('li:focus-within')?.id
      const kept = rows.flatMap((row, index) => (rowId(row) === focused || (row.id !== null && row.id === editedId) ? index : []))
      return [...new Set([...defaultRangeExtractor(range), ...kept])].sort((a, b) => a - b)
    },
    [rows, list, editedId],
  )

  const virtualizer = useWindowVirtualizer<HTMLElement>({
    count: rows.length,
    enabled,
    scrollMargin,
    overscan: 8,
    estimateSize: () => USUAL_HEIGHT,
    getItemKey: useCallback((index: number) => rows[index]!.key, [rows]),
    rangeExtractor,
  })

  if (!enabled) return { rows: rows.map((row) => ({ row, place: null })), height: null }
  const measure = virtualizer.measureElement
  return {
    rows: virtualizer.getVirtualItems().flatMap(({ index, start }) => {
      const row = rows[index]
      return row ? { row, place: { index, top: start - scrollMargin, of: rows.length, measure } } : []
    }),
    height: virtualizer.getTotalSize(),
  }
}

/** Where the list begins in the page. It moves when a notice comes or goes above it. */
function useTopOf(list: RefObject<HTMLElement | null>, enabled: boolean): number {
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    if (!enabled) return
    const look = () => setTop(Math.round((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY))
    look()
    const observer = new ResizeObserver(look)
    for (const above of list.current?.closest('main')?.children ?? []) observer.observe(above)
    return () => observer.disconnect()
  }, [list, enabled])
  return top
}
