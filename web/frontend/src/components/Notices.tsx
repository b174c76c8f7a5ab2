import { useAtom } from 'jotai'
import type { MouseEvent } from 'react'
import { noticeId, noticesAtom, type Notice } from '../atoms/todos'
import './Notices.css'

/** What went wrong, said aloud by screen readers, in nobody's way. */
export function Notices() {
  const [notices, setNotices] = useAtom(noticesAtom)
  const dismiss = (id: number) => setNotices((all) => all.filter((notice) => notice.id !== id))
  return (
    <div className="notices">
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} onDismiss={() => dismiss(notice.id)} />
      ))}
    </div>
  )
}

function NoticeCard({ notice, onDismiss }: { notice: Notice; onDismiss: () => void }) {
  // The button takes the keyboard's focus with it. Not for touch: a focused field brings up the keyboard.
  const dismiss = ({ currentTarget }: MouseEvent) => {
    const byKeyboard = currentTarget.matches(':focus-visible')
    onDismiss()
    if (byKeyboard) document.querySelector<HTMLElement>('.todos-input')?.focus()
  }

  return (
    <div className="notice">
      <p className="notice__text" role="alert" id={noticeId(notice)}>
        {notice.text}
      </p>
      {notice.reload && (
        <button type="button" className="notice__button" onClick={() => window.location.reload()}>
          Reload
        </button>
      )}
      <button type="button" className="notice__button" onClick={dismiss}>
        Dismiss
      </button>
    </div>
  )
}
