import type { getDefaultStore } from 'jotai'
import { noticesAtom, type Notice } from '../atoms/todos'

const MOST_AT_ONCE = 3

type JotaiStore = ReturnType<typeof getDefaultStore>

/** Messages to the user: at most one about each thing, and a few in all. */
export class Notices {
  private nextId = 1

  constructor(private readonly atoms: JotaiStore) {}

  show(notice: Omit<Notice, 'id'>): void {
    this.clear(notice.scope)
    this.atoms.set(noticesAtom, (notices) => [...notices, { ...notice, id: this.nextId++ }].slice(-MOST_AT_ONCE))
  }

  clear(scope: Notice['scope']): void {
    const notices = this.atoms.get(noticesAtom)
    if (notices.some((notice) => notice.scope === scope)) {
      this.atoms.set(noticesAtom, notices.filter((notice) => notice.scope !== scope))
    }
  }
}
