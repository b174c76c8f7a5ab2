import type { getDefaultStore } from 'jotai'
import { addLogAtom } from '../atoms/log'
import { connectionAtom, isLeaderAtom, rowsAtom } from '../atoms/todos'
import { Bookmark } from '../cable/bookmark'
import { CableLink } from '../cable/link'
import type { Position } from '../cable/position'
import type { OpenBus } from '../tabs/bus'
import { Election, type Office } from '../tabs/election'
import type { MakeLock } from '../tabs/lock'
import type { TabData } from '../tabs/messages'
import { TodoActions } from '../todos/actions'
import { fullMessages } from '../todos/failures'
import { readTodos } from '../todos/snapshot'
import { TodoStore } from '../todos/store'
import type { Outcome, Send } from '../todos/visit'
import type { Connection, FieldErrors, LogWriter, Snapshot } from '../types'
import { Editor } from './editor'
import { FilterSwitch } from './filter_switch'
import { delayed, perFrame } from './frame'
import { Notices } from './notices'
import { asProps, type PageLike } from './page'

/** Safari allows a hundred changes of the history in ten seconds. Each costs time that grows with the list. */
const PAGE_WRITE_MS = 200
const LONG_PAGE_WRITE_MS = 1_000
const LONG = 500

/** The outside world, so that tests can bring their own. */
export interface SessionDeps {
  atoms: ReturnType<typeof getDefaultStore>
  tabId: string
  channel: string
  openBus: OpenBus
  makeLock: MakeLock | null
  send: Send
  visitFilter(url: string): Promise<Outcome>
  writeToPage(snapshot: Snapshot): void
  reloadTodos(): void
}

/** One page's share in the live list: lists come in from all sides, one view goes out. */
export class Session {
  readonly notices: Notices
  readonly actions: TodoActions
  readonly editor: Editor
  readonly filters: FilterSwitch
  private readonly store: TodoStore
  private readonly bookmark = new Bookmark()
  private readonly link: CableLink
  private readonly election: Election
  private leaderLink: Connection = 'connecting'
  private pageIsStale = false
  private readonly render = perFrame(() => this.draw())
  private readonly updatePage = delayed(
    () => this.syncPage(),
    () => (this.store.size > LONG ? LONG_PAGE_WRITE_MS : PAGE_WRITE_MS),
  )

  constructor(private readonly deps: SessionDeps) {
    this.notices = new Notices(deps.atoms)
    this.store = new TodoStore((cause) => this.storeChanged(cause))
    this.actions = new TodoActions({
      store: this.store,
      send: deps.send,
      started: (scope) => this.notices.clear(scope),
      failed: (scope, text, failure) => {
        this.notices.show({ scope, text, invalid: failure.kind === 'invalid' })
        // What is gone on the server should not stay on the screen.
        if (failure.kind === 'refused' && failure.status === 404) this.refresh()
      },
    })
    this.editor = new Editor(deps.atoms, this.actions, this.notices)
    this.filters = new FilterSwitch(deps.atoms, this.notices, (url) => deps.visitFilter(url))
    this.link = new CableLink({
      history: () => this.bookmark.history(),
      received: (message, position) => this.hearServer(message, position),
      historyLost: () => this.startOver(),
      statusChanged: () => this.linkChanged(),
      log: this.log,
    })
    const { tabId: id, channel, openBus, makeLock } = deps
    const visible = () => !document.hidden
    this.election = new Election({ id, channel, openBus, makeLock, visible, log: this.log }, this.office())
  }

  start(): void {
    this.election.start()
  }

  stop(): void {
    this.election.stop()
    this.updatePage.cancel()
  }

  /** The page that the HTML came with. */
  adoptFirstPage({ props }: PageLike): void {
    const list = readTodos(props)
    if (list) this.store.offer(list, 'server')
    if (this.store.held) Object.assign(props, asProps(this.store.held))
    this.render.now()
    const errors = fullMessages((props.errors ?? {}) as FieldErrors)
    if (errors) this.notices.show({ scope: 'create', text: errors, invalid: true })
  }

  /** A response on its way to the screen: news for the other tabs, or old and to be corrected. */
  adoptPage({ props }: PageLike): void {
    const list = readTodos(props)
    if (!list) return
    if (this.store.offer(list, 'server') === 'take') this.relay()
    if (this.store.held) Object.assign(props, asProps(this.store.held))
  }

  /** The history has brought back a page, perhaps one from a while ago. */
  returnToPage({ props }: PageLike): void {
    const list = readTodos(props)
    if (list && list.rev !== this.store.held?.rev) this.updatePage.soon()
  }

  refresh(): void {
    this.deps.reloadTodos()
  }

  wake(): void {
    this.election.wake()
    this.link.retryNow()
  }

  online(): void {
    this.link.retryNow()
    this.showConnection()
  }

  offline(): void {
    this.link.drop()
    this.showConnection()
  }

  private office(): Office {
    return {
      roleChanged: (leading) => {
        this.deps.atoms.set(isLeaderAtom, leading)
        this.leaderLink = 'connecting'
        this.showConnection()
      },
      takeUp: () => this.link.open(),
      layDown: () => this.link.close(),
      isDeaf: () => this.link.isDeaf(),
      link: () => this.link.status,
      snapshot: () => this.store.held,
      position: () => this.bookmark.position,
      received: (data, position) => this.hearTab(data, position),
      leaderLink: (link) => {
        this.leaderLink = link
        this.showConnection()
      },
    }
  }

  private hearServer(message: unknown, position: Position | null): void {
    if (position) this.bookmark.move(position)
    const list = readTodos(message)
    if (!list) return
    this.log('cable', `Received ${list.todos.length} todos`)
    if (this.store.offer(list, 'server') === 'take') this.updatePage.soon()
    this.relay()
  }

  /** What was missed cannot be told any more, but the whole list can. */
  private startOver(): void {
    this.log('cable', 'Missed updates are gone, asking for the list')
    this.bookmark.remove()
    this.refresh()
  }

  private hearTab(list: TabData, position: Position | null): void {
    const verdict = this.store.offer(list, 'tab')
    if (verdict === 'ask') return this.refresh()
    if (position) this.bookmark.move(position)
    if (verdict !== 'take') return
    this.log('broadcast', this.election.leading ? 'Received data from a follower' : 'Received data from leader')
    this.updatePage.soon()
  }

  private relay(): void {
    if (!this.store.held) return
    this.election.publish(this.store.held)
    this.log('broadcast', this.election.leading ? 'Relayed todos to followers' : 'Shared own change with other tabs')
  }

  private linkChanged(): void {
    this.election.announce()
    this.showConnection()
  }

  private showConnection(): void {
    const link = this.election.leading ? this.link.status : this.leaderLink
    const cutOff = link !== 'live' && !navigator.onLine
    this.deps.atoms.set(connectionAtom, cutOff ? 'offline' : link)
  }

  private draw(): void {
    const rows = this.store.rows()
    this.deps.atoms.set(rowsAtom, rows)
    this.editor.check(rows)
  }

  /** What the user does shows at once; what the network brings, with the next frame. */
  private storeChanged(cause: 'op' | 'snapshot'): void {
    if (cause === 'snapshot') return this.render.soon()
    this.render.now()
    if (this.pageIsStale) this.updatePage.soon()
  }

  /** Not while requests are under way: their responses set the page, and must not be overtaken. */
  private syncPage(): void {
    this.pageIsStale = this.store.ops.length > 0
    if (this.store.held && !this.pageIsStale) this.deps.writeToPage(this.store.held)
  }

  private readonly log: LogWriter = (category, message) => {
    this.deps.atoms.set(addLogAtom, category, message)
  }
}
