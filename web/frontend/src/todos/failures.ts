import type { FieldErrors } from '../types'
import type { Outcome } from './visit'

export type Failure = Exclude<Outcome, { kind: 'ok' }>

/** One sentence for the user: what did not work, and what can be done. */
export function explain(failure: Failure, attempt: string): string {
  switch (failure.kind) {
    case 'invalid':
      return fullMessages(failure.errors)
    case 'unreachable':
      return `Could not ${attempt}: the server cannot be reached. Check your connection and try again.`
    case 'timeout':
      return `Could not ${attempt}: the server takes too long to answer. Check the list and try again.`
    case 'cancelled':
      return `Interrupted while trying to ${attempt}. Please check the list.`
    case 'refused':
      return `Could not ${attempt}: ${explainStatus(failure.status)}`
  }
}

/** Rails style: the message follows the name of its field. `base` is about the whole. */
export function fullMessages(errors: FieldErrors): string {
  return Object.entries(errors)
    .map(([field, message]) => (field === 'base' ? message : `${humanize(field)} ${message}`))
    .join('. ')
}

function humanize(field: string): string {
  const words = field.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function explainStatus(status: number): string {
  if (status === 404) return 'it no longer exists.'
  if (status === 422 || status === 419 || status === 403) return 'this page has expired. Reload it and try again.'
  if (status === 429) return 'too many requests. Wait a moment and try again.'
  if (status === 503) return 'the server is busy. Wait a moment and try again.'
  return `the server had a problem (${status}). Please try again.`
}
