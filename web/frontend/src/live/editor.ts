import type { getDefaultStore } from 'jotai'
import { draftAtom, editingAtom, newTitleAtom } from '../atoms/todos'
import type { TodoActions } from '../todos/actions'
import type { Row } from '../todos/overlay'
import type { Notices } from './notices'

type JotaiStore = ReturnType<typeof getDefaultStore>

/** Editing a title in place. What was typed is never lost, whatever happens to the todo meanwhile. */
export class Editor {
  constructor(
    private readonly atoms: JotaiStore,
    private readonly actions: Pick<TodoActions, 'edit' | 'remove'>,
    private readonly notices: Notices,
  ) {}

  start({ id, title }: Row): void {
    if (id === null || this.atoms.get(editingAtom)?.id === id) return
    void this.save()
    this.open(id, title, title, false)
  }

  cancel(): void {
    this.atoms.set(editingAtom, null)
  }

  /** An empty title is the wish to delete, and an unchanged one is no wish at all. */
  async save(): Promise<void> {
    const editing = this.atoms.get(editingAtom)
    if (!editing) return
    const { id, title } = editing
    const draft = this.draft()
    this.cancel()
    if (draft === title) return
    const saved = await (draft === '' ? this.actions.remove(id, title) : this.actions.edit(id, title, draft))
    // Given back, unless the next is being edited: then it can be read in the notice.
    if (!saved && draft !== '' && !this.atoms.get(editingAtom)) this.open(id, title, draft, true)
  }

  draft(): string {
    return this.atoms.get(draftAtom).trim()
  }

  /** Called with every new list: has somebody deleted what is being edited here? */
  check(rows: readonly Row[]): void {
    const editing = this.atoms.get(editingAtom)
    if (!editing || rows.some(({ id }) => id === editing.id)) return
    const draft = this.draft()
    this.cancel()
    const given = draft === '' || draft === editing.title ? '' : this.giveBack(draft)
    this.notices.show({ scope: `todo-${editing.id}`, text: `“${editing.title}” was deleted meanwhile.${given}` })
  }

  private open(id: number, title: string, draft: string, again: boolean): void {
    this.atoms.set(draftAtom, draft)
    this.atoms.set(editingAtom, { id, title, again })
  }

  /** Returns where the text can be found, as a sentence. */
  private giveBack(draft: string): string {
    if (this.atoms.get(newTitleAtom) !== '') return ` You had typed: “${draft}”.`
    this.atoms.set(newTitleAtom, draft)
    return ' What you typed is in the field for a new todo.'
  }
}
