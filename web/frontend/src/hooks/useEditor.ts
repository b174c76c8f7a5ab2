import { useAtomValue } from 'jotai'
import { editingAtom } from '../atoms/todos'
import { useSession } from '../live/context'

/** Which title is being edited, and what can be done about it. */
export function useEditor() {
  return { editing: useAtomValue(editingAtom), editor: useSession().editor }
}
