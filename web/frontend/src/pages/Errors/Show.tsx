import type { ErrorPageProps } from '../../types'
import './Show.css'

export default function Show({ status, title, message }: ErrorPageProps) {
  return (
    <main className="error-page">
      <p className="error-page__status">{status}</p>
      <h1 className="error-page__title">{title}</h1>
      <p className="error-page__message">{message}</p>
      {/* A plain link: whatever has gone wrong, a new document starts afresh. */}
      <a className="error-page__link" href="/todos">
        Back to the todos
      </a>
    </main>
  )
}
