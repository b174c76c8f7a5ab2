import { usePage } from '@inertiajs/react'
import { useAtomValue } from 'jotai'
import { useCallback, useMemo } from 'react'
import { rowsAtom } from '../atoms/todos'
import { useSession } from '../live/context'
import { overlay, type Row } from '../todos/overlay'
import type { TodosPageProps } from '../types'
import { useLeaderElection } from './useLeaderElection'

/** The list as it should look this very moment, and everything that can be done with it. */
export function useTodoActions() {
  const { props } = usePage<TodosPageProps>()
  const { isLeader, connection } = useLeaderElection()
  const { actions } = useSession()
  const rows = useAtomValue(rowsAtom)
  const todos = useMemo(() => rows ?? overlay(props.todos ?? [], []), [rows, props.todos])
  const completedCount = useMemo(() => todos.filter(({ completed }) => completed).length, [todos])

  const createTodo = useCallback((title: string) => actions.create(title), [actions])
  const toggleTodo = useCallback(
    ({ id, title, completed }: Row) => {
      if (id !== null) void actions.toggle(id, title, !completed)
    },
    [actions],
  )
  const deleteTodo = useCallback(
    ({ id, title }: Row) => {
      if (id !== null) void actions.remove(id, title)
    },
    [actions],
  )
  const toggleAll = useCallback((completed: boolean) => void actions.toggleAll(completed), [actions])
  const clearCompleted = useCallback(() => void actions.clearCompleted(), [actions])

  return {
    todos,
    todoCount: todos.length,
    completedCount,
    isLeader,
    connection,
    createTodo,
    toggleTodo,
    deleteTodo,
    toggleAll,
    clearCompleted,
  }
}
