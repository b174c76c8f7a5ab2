import { router } from '@inertiajs/react'
import type { FieldErrors } from '../types'

/** How a request ended. Inertia tells it in five different callbacks. */
export type Outcome =
  | { kind: 'ok' }
  | { kind: 'invalid'; errors: FieldErrors }
  | { kind: 'refused'; status: number }
  | { kind: 'unreachable' }
  | { kind: 'timeout' }
  | { kind: 'cancelled' }

export interface Change {
  method: 'post' | 'patch' | 'delete'
  url: string
  todo?: Record<string, string | boolean>
  /** One per wish: the server makes the changes that bear the same key once. */
  key: string
}

export type Send = (change: Change) => Promise<Outcome>

export const TIMEOUT_MS = 10_000

/** Sends a change to the server. Never rejects, and never opens Inertia's error dialog. */
export function send({ method, url, todo, key }: Change): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: Outcome = { kind: 'ok' }
    let cancel = () => {}
    let late = false
    const timer = setTimeout(() => {
      late = true
      cancel()
    }, TIMEOUT_MS)

    router.visit(url, {
      method,
      data: todo ? { todo } : {},
      headers: { 'Idempotency-Key': key },
      // Only the list: the filter may be another by then.
      only: ['todos', 'rev', 'epoch', 'errors'],
      // Parallel: a synchronous visit would abort the one before.
      async: true,
      showProgress: true,
      preserveScroll: true,
      preserveState: true,
      onCancelToken: (token) => {
        cancel = () => token.cancel()
      },
      onBeforeUpdate: (page) => {
        // The answer comes from the address of the whole list. Inertia's preserveUrl would
        // keep ours, but it does so for whatever else arrives at the same time, too.
        page.url = window.location.pathname + window.location.search + window.location.hash
        // Read here rather than in onError: a live update at the same moment may
        // replace the page, and onError sees only what the page says afterwards.
        const errors = page.props.errors as FieldErrors | undefined
        if (errors && Object.keys(errors).length > 0) outcome = { kind: 'invalid', errors }
      },
      onCancel: () => {
        outcome = { kind: late ? 'timeout' : 'cancelled' }
      },
      ...failures((failure) => {
        outcome = failure
      }),
      onFinish: () => {
        clearTimeout(timer)
        resolve(outcome)
      },
    })
  })
}

/** Shows another part of the list, which is another address. */
export function visitFilter(url: string): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: Outcome = { kind: 'ok' }
    router.visit(url, {
      only: ['filter'],
      preserveScroll: true,
      preserveState: true,
      onCancel: () => {
        outcome = { kind: 'cancelled' }
      },
      ...failures((failure) => {
        outcome = failure
      }),
      onFinish: () => resolve(outcome),
    })
  })
}

/** False keeps Inertia from showing the failure in its own way. */
function failures(failed: (outcome: Outcome) => void) {
  return {
    onHttpException: ({ status }: { status: number }) => {
      failed({ kind: 'refused', status })
      return false
    },
    onNetworkError: () => {
      failed({ kind: 'unreachable' })
      return false
    },
  }
}
