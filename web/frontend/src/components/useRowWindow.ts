import { useLayoutEffect, useMemo, useState, type FocusEvent, type RefObject } from 'react'
import type { Row } from '../todos/overlay'
import { places, rowsInView, stack, type Place, type View } from './rowWindow'
import { usePrinting } from './usePrinting'

/** Up to here all rows are in the document, where the browser's own search finds them. */
const MOST_IN_DOCUMENT = 200

type ListRef = RefObject<HTMLUListElement | null>

/** What the list shows of its rows: of very many only those in view. */
export function useRowWindow(rows: Row[], list: ListRef, editedId: number | null) {
  const windowed = !usePrinting() && rows.length > MOST_IN_DOCUMENT
  const view = useView(list, windowed)
  const heights = useHeights(list, windowed)
  const [focused, setFocused] = useState<string | null>(null)

  const shown = useMemo(() => {
    if (!windowed) return { rows: rows.map((row) => ({ row, place: null })), room: 0 }
    const tops = stack(rows, heights)
    const kept = [rows.findIndex(({ key }) => key === focused), rows.findIndex(({ id }) => id !== null && id === editedId)]
    return fill(rows, tops, rowsInView(tops, view, kept))
  }, [rows, windowed, heights, view, focused, editedId])

  return {
    ...shown,
    windowed,
    onFocus: ({ target }: FocusEvent) => setFocused(target.closest('li')?.dataset.key ?? null),
    onBlur: () => setFocused(null),
  }
}

interface Shown {
  rows: { row: Row; place: Place | null }[]
  /** Below the last of them, in pixels. */
  room: number
}

function fill(rows: Row[], tops: Float64Array, indexes: number[]): Shown {
  const end = tops[(indexes.at(-1) ?? -1) + 1]!
  return {
    rows: places(tops, indexes).map((place) => ({ row: rows[place.index]!, place })),
    room: tops[rows.length]! - end,
  }
}

/** Coarse, so that not every pixel of a scroll draws the list anew. */
const STEP = 200

function useView(list: ListRef, enabled: boolean): View {
  const [view, setView] = useState<View>({ top: 0, bottom: 1_000 })
  useLayoutEffect(() => {
    if (!enabled) return
    const look = () => {
      const above = -(list.current?.getBoundingClientRect().top ?? 0)
      const top = Math.floor(above / STEP) * STEP
      const bottom = Math.ceil((above + window.innerHeight) / STEP) * STEP
      setView((old) => (old.top === top && old.bottom === bottom ? old : { top, bottom }))
    }
    look()
    window.addEventListener('scroll', look, { passive: true })
    window.addEventListener('resize', look)
    return () => {
      window.removeEventListener('scroll', look)
      window.removeEventListener('resize', look)
    }
  }, [list, enabled])
  return view
}

/** Titles wrap, so the height of a row is known only once it has been drawn. */
function useHeights(list: ListRef, enabled: boolean): ReadonlyMap<string, number> {
  const [heights, setHeights] = useState<ReadonlyMap<string, number>>(new Map())
  // After every drawing, and once more after one that was found to be wrong.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    if (!enabled) return
    const drawn = [...(list.current?.children ?? [])] as HTMLElement[]
    const found = drawn.map((row) => [row.dataset.key ?? '', row.offsetHeight] as const)
    const changed = found.filter(([key, height]) => heights.get(key) !== height)
    // eslint-disable-next-line react-hooks/set-state-in-effect
    if (changed.length > 0) setHeights(new Map([...heights, ...changed]))
  })
  return heights
}
