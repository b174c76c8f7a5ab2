import { useLayoutEffect, useRef, type RefObject } from 'react'
import type { Row } from '../todos/overlay'

const MOTION = { duration: 180, easing: 'cubic-bezier(0.2, 0, 0, 1)' }

/** Rows glide to their new places when others come or go, so that the eye can follow. */
export function useListMotion(list: RefObject<HTMLUListElement | null>, rows: Row[], enabled: boolean): void {
  const places = useRef(new Map<Element, number>())

  useLayoutEffect(() => {
    const before = places.current
    const after = new Map<Element, number>()
    places.current = after
    if (!enabled || !list.current || !wantsMotion()) return
    for (const row of list.current.children) {
      if (!(row instanceof HTMLElement)) continue
      after.set(row, row.offsetTop)
      const moved = (before.get(row) ?? row.offsetTop) - row.offsetTop
      if (moved !== 0) row.animate([{ transform: `translateY(${moved}px)` }, { transform: 'none' }], MOTION)
    }
  }, [list, rows, enabled])
}

function wantsMotion(): boolean {
  return window.matchMedia('(prefers-reduced-motion: no-preference)').matches
}
