import { useAtomValue } from 'jotai'
import { noticeId, noticesAtom } from '../../atoms/todos'
import { ConnectionStatus } from '../../components/ConnectionStatus'
import { EventLog } from '../../components/EventLog'
import { LeaderBadge } from '../../components/LeaderBadge'
import { Notices } from '../../components/Notices'
import { TodoForm } from '../../components/TodoForm'
import { TodoList } from '../../components/TodoList'
import { TodoStats } from '../../components/TodoStats'
import { useTodoActions } from '../../hooks/useTodoActions'
import './Index.css'

export default function Index() {
  const { todos, todoCount, completedCount, createTodo, toggleTodo, deleteTodo } = useTodoActions()
  const rejection = useAtomValue(noticesAtom).find(({ scope, invalid }) => scope === 'create' && invalid)

  return (
    <main className="todos-container">
      <header className="todos-header">
        <h1 className="todos-title">Todos</h1>
        <div className="todos-badges">
          <ConnectionStatus />
          <LeaderBadge />
        </div>
      </header>
      <TodoStats total={todoCount} done={completedCount} />
      <TodoForm onCreate={createTodo} errorId={rejection ? noticeId(rejection) : null} />
      <Notices />
      <TodoList rows={todos} onToggle={toggleTodo} onDelete={deleteTodo} />
      <EventLog />
    </main>
  )
}
