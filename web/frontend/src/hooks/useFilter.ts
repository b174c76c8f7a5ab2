import { usePage } from '@inertiajs/react'
import { useAtomValue } from 'jotai'
import { useCallback } from 'react'
import { chosenFilterAtom } from '../atoms/todos'
import { useSession } from '../live/context'
import { readFilter, type Filter } from '../todos/filter'
import type { TodosPageProps } from '../types'

/** The filter of this address, or the one whose address is being visited. */
export function useFilter() {
  const { props } = usePage<TodosPageProps>()
  const { filters } = useSession()
  const chosen = useAtomValue(chosenFilterAtom)
  const chooseFilter = useCallback((filter: Filter) => void filters.choose(filter), [filters])
  return { filter: chosen ?? readFilter(props.filter), chooseFilter }
}
