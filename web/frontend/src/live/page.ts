import { router } from '@inertiajs/react'
import type { Snapshot } from '../types'

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
    props: (props: Record<string, unknown>) => ('todos' in props ? { ...props, ...snapshot } : props),
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
