import { router } from '@inertiajs/react'
import type { Snapshot, TodosPageProps } from '../types'

/** The part of an Inertia page object that matters here. */
export interface PageLike {
  props: Record<string, unknown>
}

/** Called for every response before it becomes the page, which may still be altered. */
export interface PageEvents {
  beforeUpdate(page: PageLike): void
  navigated(page: PageLike): void
  newVersion(): void
  flash(text: string): void
}

/** Inertia compares, clones and stores whatever its page holds, with every visit and every scroll. */
const MOST_IN_PAGE = 1_000

/** The list as props of the page. A long one stays out: what is shown comes from the session. */
export function asProps({ todos, rev, epoch }: Snapshot): Pick<TodosPageProps, 'todos' | 'rev' | 'epoch'> {
  return { todos: todos.length > MOST_IN_PAGE ? null : todos, rev, epoch }
}

/** Connects the session with Inertia. Returns what undoes it. */
export function watchPages(events: PageEvents): () => void {
  const stops = [
    router.on('beforeUpdate', ({ detail }) => events.beforeUpdate(detail.page)),
    router.on('navigate', ({ detail }) => events.navigated(detail.page)),
    router.on('location', ({ detail }) => {
      if (detail.versionChange) events.newVersion()
    }),
    // Any live update wipes the page's flash, so it is shown as a notice instead.
    router.on('flash', ({ detail: { flash } }) => {
      const text = flash.alert ?? flash.notice
      if (typeof text === 'string') events.flash(text)
    }),
  ]
  return () => stops.forEach((stop) => stop())
}

/** Lets `usePage()` and the history entry follow, so that "back" shows the newest list too. */
export function writeToPage(snapshot: Snapshot): void {
  router.replace({
    preserveScroll: true,
    preserveState: true,
    props: (props: Record<string, unknown>) => ('todos' in props ? { ...props, ...asProps(snapshot) } : props),
  })
}

/** Asks the server for the list. A failure is no news: the socket is already being watched. */
export function reloadTodos(): void {
  router.reload({
    only: ['todos', 'rev', 'epoch'],
    onHttpException: () => false,
    onNetworkError: () => false,
  })
}
