import { getDefaultStore } from 'jotai'
import { shortId } from '../lib/id'
import { broadcastBus } from '../tabs/bus'
import { browserLock } from '../tabs/lock'
import { send, visitFilter } from '../todos/visit'
import { guardDoubleClicks } from './double_click'
import { watchPage } from './lifecycle'
import { reloadTodos, watchPages, writeToPage, type PageLike } from './page'
import { Session } from './session'

const CHANNEL = 'todos-sync'

/** The session of a real page, connected to the browser and to Inertia. */
export function browserSession(firstPage: PageLike): Session {
  const session = new Session({
    atoms: getDefaultStore(),
    tabId: shortId(),
    channel: CHANNEL,
    openBus: broadcastBus(CHANNEL),
    makeLock: browserLock(`${CHANNEL}:leader`),
    send,
    visitFilter,
    writeToPage,
    reloadTodos,
  })
  session.adoptFirstPage(firstPage)
  watchPage(session)
  guardDoubleClicks()
  watchPages({
    beforeUpdate: (page) => session.adoptPage(page),
    navigated: (page) => session.returnToPage(page),
    newVersion: () => session.notices.show({ scope: 'app', text: 'A new version of this app is available.', reload: true }),
    flash: (text) => session.notices.show({ scope: 'app', text }),
  })
  return session
}
