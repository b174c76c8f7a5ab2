import type { Row } from '../todos/overlay'

/** The height of a row with one line, in pixels. All are measured once they are in the document. */
const USUAL_HEIGHT = 53

/** What is drawn above and below of what can be seen, in pixels: the next rows for a wheel or the Tab key. */
const MARGIN = 600

/** The part of the list that can be seen, in pixels from its top. */
export interface View {
  top: number
  bottom: number
}

/** Where a row goes in a list that shows only some. */
export interface Place {
  index: number
  /** Room for the rows between this and the one drawn before it, in pixels. */
  gap: number
  /** The number of all rows. */
  of: number
}

/** Where each row begins, and at the end where the list does. */
export function stack(rows: readonly Row[], heights: ReadonlyMap<string, number>): Float64Array {
  const tops = new Float64Array(rows.length + 1)
  rows.forEach(({ key }, index) => {
    tops[index + 1] = tops[index]! + (heights.get(key) ?? USUAL_HEIGHT)
  })
  return tops
}

/** The rows in view, and those that must not go: the one with the focus and the one that is being edited. */
export function rowsInView(tops: Float64Array, { top, bottom }: View, kept: readonly number[]): number[] {
  const count = tops.length - 1
  const first = rowAt(tops, top - MARGIN)
  const last = Math.min(rowAt(tops, bottom + MARGIN), count - 1)
  const seen = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index)
  return [...new Set([...seen, ...kept.filter((index) => index >= 0)])].sort((a, b) => a - b)
}

/** The room that the rows leave which are not drawn. */
export function places(tops: Float64Array, indexes: readonly number[]): Place[] {
  const of = tops.length - 1
  return indexes.map((index, position) => {
    const before = indexes[position - 1]
    const end = before === undefined ? 0 : tops[before + 1]!
    return { index, gap: tops[index]! - end, of }
  })
}

/** The last row that begins at or above `y`. */
function rowAt(tops: Float64Array, y: number): number {
  let low = 0
  let high = tops.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (tops[middle]! <= y) low = middle
    else high = middle - 1
  }
  return low
}
