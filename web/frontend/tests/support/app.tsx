import { createInertiaApp, router } from '@inertiajs/react'
import { act, cleanup, render } from '@testing-library/react'
import { createStore, Provider } from 'jotai'
import { onTestFinished, vi } from 'vitest'
import { SessionContext } from '../../src/live/context'
import { guardDoubleClicks } from '../../src/live/double_click'
import { watchPage } from '../../src/live/lifecycle'
import { reloadTodos, watchPages, writeToPage } from '../../src/live/page'
import { Session } from '../../src/live/session'
import Show from '../../src/pages/Errors/Show'
import Index from '../../src/pages/Todos/Index'
import { webLock, type MakeLock } from '../../src/tabs/lock'
import { send, visitFilter } from '../../src/todos/visit'
import { FakeBus } from './fake_bus'
import { FakeLocks } from './fake_locks'
import { FakeServer } from './fake_server'
import { FakeSocket, installFakeSockets } from './fake_socket'
import { PATIENCE_MS } from './patience'

const pages: Record<string, React.ComponentType<never>> = { 'Todos/Index': Index, 'Errors/Show': Show }

/** The whole app on a real Inertia router; only the wires and the other tabs are fake. */
export async function bootApp(server = new FakeServer(), makeLock: MakeLock | null = null) {
  installFakeSockets()
  document.body.innerHTML = '<div id="app"></div>'
  const bus = new FakeBus()
  const atoms = createStore()
  const session = new Session({
    atoms,
    tabId: 'm',
    channel: 'todos-sync',
    openBus: bus.open(),
    makeLock,
    send,
    visitFilter,
    writeToPage,
    reloadTodos,
  })
  const stops = [watchPage(session), watchPages(listeners(session)), guardDoubleClicks()]
  onTestFinished(() => {
    stops.forEach((stop) => stop())
    session.stop()
    cleanup()
  })

  await act(() =>
    createInertiaApp({
      page: { ...server.page() } as never,
      http: server,
      progress: false,
      resolve: (name) => pages[name] as never,
      setup({ App, props }) {
        session.adoptFirstPage(props.initialPage)
        render(
          <Provider store={atoms}>
            <SessionContext value={session}>
              <App {...props} />
            </SessionContext>
          </Provider>,
        )
      },
    }),
  )
  await act(() => forgetLastPage(server))
  return { server, bus, session, atoms }
}

/** Inertia's router begins only once, and would go on with the page of the last test. */
function forgetLastPage(server: FakeServer): Promise<void> {
  const { url, props } = server.page()
  return new Promise((resolve) => router.replace({ url, props, preserveState: true, preserveScroll: true, onFinish: () => resolve() }))
}

/** Alone among tabs, so it leads and opens the socket. */
export async function bootLeader(server = new FakeServer()) {
  const app = await bootApp(server, webLock(new FakeLocks().for('m'), 'lock'))
  await act(() => vi.waitFor(() => FakeSocket.latest, { timeout: PATIENCE_MS }))
  act(() => FakeSocket.latest.subscribe(server.list()))
  return app
}

function listeners(session: Session) {
  return {
    beforeUpdate: session.adoptPage.bind(session),
    navigated: session.returnToPage.bind(session),
    newVersion: () => {},
    flash: (text: string) => session.notices.show({ scope: 'app', text }),
  }
}
