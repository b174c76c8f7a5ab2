import { useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useEventLog } from '../hooks/useEventLog'
import type { LogEntry } from '../types'
import './EventLog.css'

/** What happens behind the scenes: the election, the socket and the talk among tabs. */
export function EventLog() {
  const { logs, clearLogs } = useEventLog()
  const [hidden, setHidden] = useState(false)
  const switcher = useRef<HTMLButtonElement>(null)

  // The focus goes from the button that vanishes to the one that takes its place.
  const hide = (hide: boolean) => {
    flushSync(() => setHidden(hide))
    switcher.current?.focus()
  }

  if (hidden) {
    return (
      <div className="event-log__collapsed">
        <button ref={switcher} type="button" className="event-log__expand-btn" onClick={() => hide(false)}>
          Show Logs ({logs.length})
        </button>
      </div>
    )
  }

  return (
    <section className="event-log" aria-label="Event Log">
      <header className="event-log__header">
        <h2 className="event-log__title">Event Log</h2>
        <div className="event-log__buttons">
          <button type="button" className="event-log__btn" onClick={clearLogs}>
            Clear
          </button>
          <button ref={switcher} type="button" className="event-log__btn" onClick={() => hide(true)}>
            Hide
          </button>
        </div>
      </header>
      {/* Focusable, so that the keyboard can scroll it. */}
      <div className="event-log__list" tabIndex={0} role="log" aria-label="Events" aria-live="off">
        {logs.length === 0 ? (
          <p className="event-log__empty">No events yet…</p>
        ) : (
          logs.map((entry) => <Entry key={entry.id} entry={entry} />)
        )}
      </div>
    </section>
  )
}

function Entry({ entry: { time, category, message } }: { entry: LogEntry }) {
  return (
    <div className="event-log__entry">
      <time className="event-log__time">{time}</time>
      <span className={`event-log__category event-log__category--${category}`}>[{category}]</span>
      <span className="event-log__message">{message}</span>
    </div>
  )
}
