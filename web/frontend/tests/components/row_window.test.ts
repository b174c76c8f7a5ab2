import { describe, expect, it } from 'vitest'
import { places, rowsInView, stack } from '../../src/components/rowWindow'

const rows = Array.from({ length: 10_000 }, (_, index) => ({ key: `k${index}`, id: index, title: '', completed: false }))
const none = new Map<string, number>()

describe('stack', () => {
  it('puts each row below the one before, with the height that it turned out to have', () => {
    const tops = stack(rows.slice(0, 4), new Map([['k1', 100]]))
    expect([...tops]).toEqual([0, 53, 153, 206, 259])
  })

  it('has an end even without rows', () => {
    expect([...stack([], none)]).toEqual([0])
    expect(rowsInView(stack([], none), { top: 0, bottom: 500 }, [])).toEqual([])
  })
})

describe('rowsInView', () => {
  const tops = stack(rows, none)

  it('are those in view and a few around', () => {
    const shown = rowsInView(tops, { top: 53_000, bottom: 54_000 }, [])
    expect([shown[0], shown.at(-1)]).toEqual([988, 1030])
  })

  it('end with the list', () => {
    expect(rowsInView(tops, { top: -500, bottom: 300 }, [])[0]).toBe(0)
    expect(rowsInView(tops, { top: 529_500, bottom: 530_500 }, []).at(-1)).toBe(9_999)
  })

  it('come with those that must not go, in their order, and only once', () => {
    const shown = rowsInView(tops, { top: 53_000, bottom: 53_500 }, [3, -1, 1_000])
    expect(shown[0]).toBe(3)
    expect(shown[1]).toBe(988)
    expect(new Set(shown).size).toBe(shown.length)
  })
})

describe('places', () => {
  it('leave room for the rows between them', () => {
    const tops = stack(rows.slice(0, 10), none)
    expect(places(tops, [0, 4, 5])).toEqual([
      { index: 0, gap: 0, of: 10 },
      { index: 4, gap: 3 * 53, of: 10 },
      { index: 5, gap: 0, of: 10 },
    ])
    expect(places(tops, [2])[0]?.gap).toBe(106)
  })
})
