import { describe, expect, it } from 'vitest'
import { judge, readTodos, toSnapshot } from '../../src/todos/snapshot'
import { list } from '../support/world'

const held = list(5, 'milk')

describe('judge', () => {
  it('takes the first list, whoever brings it', () => {
    expect(judge(null, list(1), 'tab')).toBe('take')
  })

  it.each([
    [4, 'keep'],
    [5, 'keep'],
    [6, 'take'],
  ] as const)('against revision 5, revision %i: %s', (rev, verdict) => {
    expect(judge(held, list(rev), 'server')).toBe(verdict)
    expect(judge(held, list(rev), 'tab')).toBe(verdict)
  })

  it('takes a lower revision of another database from the server', () => {
    expect(judge(held, { ...list(1), epoch: 'db-2' }, 'server')).toBe('take')
  })

  it('does not believe another tab which database is the current one', () => {
    expect(judge(held, { ...list(9), epoch: 'db-0' }, 'tab')).toBe('ask')
  })

  it('takes a list without a revision, which then has the one it replaces', () => {
    const { todos } = list(0, 'bread')
    expect(judge(held, { todos }, 'tab')).toBe('take')
    expect(toSnapshot({ todos }, held)).toEqual({ todos, rev: 5, epoch: 'db-1' })
  })
})

describe('readTodos', () => {
  it('finds the list among other props', () => {
    expect(readTodos({ ...held, errors: {}, flash: 1 })).toEqual(held)
  })

  it.each([null, 'text', 7, {}, { todos: null }, { todos: {} }])('finds none in %j', (data) => {
    expect(readTodos(data)).toBeNull()
  })
})
