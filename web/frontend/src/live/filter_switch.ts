import type { getDefaultStore } from 'jotai'
import { chosenFilterAtom } from '../atoms/todos'
import { explain } from '../todos/failures'
import { filterUrl, type Filter } from '../todos/filter'
import type { Outcome } from '../todos/visit'
import type { Notices } from './notices'

type JotaiStore = ReturnType<typeof getDefaultStore>

/** Each filter is an address of its own. The list follows the click, and the address the server's answer. */
export class FilterSwitch {
  private turn = 0

  constructor(
    private readonly atoms: JotaiStore,
    private readonly notices: Notices,
    private readonly visit: (url: string) => Promise<Outcome>,
  ) {}

  async choose(filter: Filter): Promise<void> {
    const turn = ++this.turn
    this.notices.clear('filter')
    this.atoms.set(chosenFilterAtom, filter)
    const outcome = await this.visit(filterUrl(filter))
    // A later click has taken over, and with it this visit was cancelled.
    if (turn !== this.turn) return
    this.atoms.set(chosenFilterAtom, null)
    if (outcome.kind === 'ok' || outcome.kind === 'cancelled') return
    this.notices.show({ scope: 'filter', text: explain(outcome, `show the ${filter} todos`) })
  }
}
