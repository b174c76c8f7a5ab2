import { useAtomValue } from 'jotai'
import { useMemo } from 'react'
import { noticeId, noticesAtom } from '../../atoms/todos'
import { ConnectionStatus } from '../../components/ConnectionStatus'
import { EventLog } from '../../components/EventLog'
import { LeaderBadge } from '../../components/LeaderBadge'
import { Notices } from '../../components/Notices'
import { TodoFooter } from '../../components/TodoFooter'
import { TodoForm } from '../../components/TodoForm'
import { TodoList } from '../../components/TodoList'
import { TodoStats } from '../../components/TodoStats'
import { ToggleAll } from '../../components/ToggleAll'
import { useEditor } from '../../hooks/useEditor'
import { useFilter } from '../../hooks/useFilter'
import { useTodoActions } from '../../hooks/useTodoActions'
import { filterRows, type Filter } from '../../todos/filter'
import './Index.css'

const NOTHING: Record<Filter, string> = {
  all: 'No todos yet. Add one above!',
  active: 'Nothing left to do.',
  completed: 'Nothing is completed yet.',
}

export default function Index() {
  const { todos, todoCount, completedCount, createTodo, toggleTodo, deleteTodo, toggleAll, clearCompleted } = useTodoActions()
  const { filter, chooseFilter } = useFilter()
  const editedId = useEditor().editing?.id ?? null
  const shown = useMemo(() => filterRows(todos, filter, editedId), [todos, filter, editedId])
  const rejection = useAtomValue(noticesAtom).find(({ scope, invalid }) => scope === 'create' && invalid)

  return (
    <main className="todoapp todos-container">
      <header className="header todos-header">
        <h1 className="todos-title">Todos</h1>
        <div className="todos-badges">
          <ConnectionStatus />
          <LeaderBadge />
        </div>
      </header>
      <TodoStats total={todoCount} done={completedCount} />
      <TodoForm onCreate={createTodo} errorId={rejection ? noticeId(rejection) : null} />
      <Notices />
      {/* Hidden rather than gone: the focus is moved on from a last row that is deleted. */}
      <div className="todos-card" hidden={todoCount === 0}>
        <section className="main">
          <ToggleAll checked={completedCount === todoCount} onToggleAll={toggleAll} />
          <TodoList rows={shown} onToggle={toggleTodo} onDelete={deleteTodo} />
          {shown.length === 0 && todoCount > 0 && <p className="todos-nothing">{NOTHING[filter]}</p>}
        </section>
        <TodoFooter
          left={todoCount - completedCount}
          completed={completedCount}
          filter={filter}
          onFilter={chooseFilter}
          onClear={clearCompleted}
        />
      </div>
      {todoCount === 0 ? (
        <p className="todos-empty">{NOTHING.all}</p>
      ) : (
        <p className="todos-hint">
          Double-click a todo to edit it, or press <kbd>F2</kbd>
        </p>
      )}
      <EventLog />
    </main>
  )
}
