import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Bookmark } from '../../src/cable/bookmark'

const at = (offset: number, epoch = 'e1', stream = 'todos') => ({ stream, epoch, offset })

let bookmark: Bookmark

beforeEach(() => {
  vi.useFakeTimers({ now: 1_763_800_000_900 })
  bookmark = new Bookmark()
})

describe('a bookmark', () => {
  it('asks for nothing before it has a place', () => {
    expect(bookmark.history()).toBeNull()
  })

  it('asks for what comes after the highest offset', () => {
    bookmark.move(at(32))
    vi.advanceTimersByTime(5_000)
    bookmark.move(at(31))
    bookmark.move(at(32))
    expect(bookmark.history()).toEqual({ since: 1_763_800_000, streams: { todos: { epoch: 'e1', offset: 32 } } })
    bookmark.move(at(33))
    expect(bookmark.history()).toEqual({ since: 1_763_800_005, streams: { todos: { epoch: 'e1', offset: 33 } } })
  })

  it('follows the newest epoch, whose offsets start over', () => {
    bookmark.move(at(32))
    bookmark.move(at(1, 'e2'))
    expect(bookmark.position).toEqual(at(1, 'e2'))
  })

  it('is removed where the server has forgotten the place', () => {
    bookmark.move(at(32))
    bookmark.remove()
    expect(bookmark.history()).toBeNull()
    bookmark.move(at(7))
    expect(bookmark.position).toEqual(at(7))
  })
})
