import type { Session } from './session'

/** Tells the session what happens to its page. Returns what undoes it. */
export function watchPage(session: Session): () => void {
  let away = false
  // Everything is given back, even if the page is only kept in the back/forward cache: an open socket, channel
  // or lock would keep it out of there. A page that is frozen to save energy would lead without doing anything.
  const leave = () => {
    away = true
    session.stop()
  }
  const comeBack = () => {
    if (!away) return
    away = false
    session.start()
    session.refresh()
  }
  const stops = [
    on(window, 'pagehide', leave),
    on(window, 'pageshow', comeBack),
    on(document, 'freeze', leave),
    on(document, 'resume', comeBack),
    on(window, 'online', () => session.online()),
    on(window, 'offline', () => session.offline()),
    on(document, 'visibilitychange', () => {
      if (!document.hidden) session.wake()
    }),
  ]
  return () => stops.forEach((stop) => stop())
}

function on(target: EventTarget, type: string, listener: () => void): () => void {
  target.addEventListener(type, listener)
  return () => target.removeEventListener(type, listener)
}
