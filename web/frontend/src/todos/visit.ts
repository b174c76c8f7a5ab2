import { router } from '@inertiajs/react'
import type { FieldErrors } from '../types'

/** How a request ended. Inertia tells it in five different callbacks. */
export type Outcome =
  | { kind: 'ok' }
  | { kind: 'invalid'; errors: FieldErrors }
  | { kind: 'refused'; status: number }
  | { kind: 'unreachable' }
  | { kind: 'cancelled' }

type Method = 'post' | 'patch' | 'delete'

/** Sends a change to the server. Never rejects, and never opens Inertia's error dialog. */
export function send(method: Method, url: string, todo?: Record<string, string | boolean>): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: Outcome = { kind: 'ok' }
    router.visit(url, {
      method,
      data: todo ? { todo } : {},
      // Parallel: a synchronous visit would abort the one before.
      async: true,
      showProgress: true,
      preserveScroll: true,
      preserveState: true,
      // Read here rather than in onError: a live update at the same moment may
      // replace the page, and onError sees only what the page says afterwards.
      onBeforeUpdate: ({ props }) => {
        const errors = props.errors as FieldErrors | undefined
        if (errors && Object.keys(errors).length > 0) outcome = { kind: 'invalid', errors }
      },
      onHttpException: ({ status }) => {
        outcome = { kind: 'refused', status }
        return false
      },
      onNetworkError: () => {
        outcome = { kind: 'unreachable' }
        return false
      },
      onCancel: () => {
        outcome = { kind: 'cancelled' }
      },
      onFinish: () => resolve(outcome),
    })
  })
}
