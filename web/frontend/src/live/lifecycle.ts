import type { Session } from './session'

/** Tells the session what happens to its page. Returns what undoes it. */
export function watchPage(session: Session): () => void {
  const stops = [
    // Everything is given back, even if the page is only kept in the back/forward
    // cache: an open socket, channel or lock would keep it out of there.
    on(window, 'pagehide', () => session.stop()),
    on(window, 'pageshow', (event) => {
      if (!event.persisted) return
      session.start()
      session.refresh()
    }),
    on(window, 'online', () => session.online()),
    on(window, 'offline', () => session.offline()),
    on(document, 'visibilitychange', () => {
      if (!document.hidden) session.wake()
    }),
  ]
  return () => stops.forEach((stop) => stop())
}

function on<K extends keyof WindowEventMap>(target: Window, type: K, listener: (event: WindowEventMap[K]) => void): () => void
function on<K extends keyof DocumentEventMap>(target: Document, type: K, listener: (event: DocumentEventMap[K]) => void): () => void
function on(target: EventTarget, type: string, listener: (event: never) => void): () => void {
  target.addEventListener(type, listener as EventListener)
  return () => target.removeEventListener(type, listener as EventListener)
}
