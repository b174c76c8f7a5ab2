// @vitest-environment happy-dom
import { act, render, renderHook, screen } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { createStore, Provider } from 'jotai'
import type { ReactNode } from 'react'
import { beforeEach, describe, expect, it } from 'vitest'
import { addLogAtom, logCountAtom } from '../../src/atoms/log'
import { connectionAtom, isLeaderAtom } from '../../src/atoms/todos'
import { ConnectionStatus } from '../../src/components/ConnectionStatus'
import { EventLog } from '../../src/components/EventLog'
import { LeaderBadge } from '../../src/components/LeaderBadge'
import { useEventLog, useLogWriter } from '../../src/hooks/useEventLog'
import Show from '../../src/pages/Errors/Show'
import type { Connection } from '../../src/types'

let atoms: ReturnType<typeof createStore>
const wrapper = ({ children }: { children: ReactNode }) => <Provider store={atoms}>{children}</Provider>

beforeEach(() => {
  atoms = createStore()
})

describe('LeaderBadge', () => {
  it.each([
    [true, 'Leader', 'leader-badge--leader'],
    [false, 'Follower', 'leader-badge--follower'],
  ])('leading: %s', (leading, text, className) => {
    atoms.set(isLeaderAtom, leading)
    render(<LeaderBadge />, { wrapper })
    expect(screen.getByText(text).className).toContain(className)
  })
})

describe('ConnectionStatus', () => {
  it.each([
    ['connecting', 'Connecting…'],
    ['live', 'Live'],
    ['reconnecting', 'Reconnecting…'],
    ['offline', 'Offline'],
  ] as [Connection, string][])('%s', (connection, text) => {
    atoms.set(connectionAtom, connection)
    render(<ConnectionStatus />, { wrapper })
    expect(screen.getByRole('status').textContent).toBe(text)
  })
})

describe('EventLog', () => {
  it('shows the newest entry first, with time, category and message', () => {
    atoms.set(addLogAtom, 'leader', 'Became leader')
    atoms.set(addLogAtom, 'cable', 'Connected to TodosChannel')
    render(<EventLog />, { wrapper })
    const entries = [...document.querySelectorAll('.event-log__entry')].map((entry) => entry.textContent)
    expect(entries[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3}\[cable\]Connected to TodosChannel$/)
    expect(entries[1]).toMatch(/\[leader\]Became leader$/)
  })

  it('can be cleared, hidden and shown again with a count', async () => {
    atoms.set(addLogAtom, 'leader', 'Became leader')
    render(<EventLog />, { wrapper })
    await userEvent.click(screen.getByRole('button', { name: 'Hide' }))
    expect(screen.queryByText('Became leader')).toBeNull()
    await userEvent.click(screen.getByRole('button', { name: 'Show Logs (1)' }))
    await userEvent.click(screen.getByRole('button', { name: 'Clear' }))
    expect(screen.getByText('No events yet…')).toBeTruthy()
  })
})

describe('useEventLog', () => {
  it('keeps the 50 newest entries', () => {
    const { result } = renderHook(() => useEventLog(), { wrapper })
    act(() => {
      for (let count = 1; count <= 60; count++) result.current.addLog('cable', `message ${count}`)
    })
    expect(result.current.logs).toHaveLength(50)
    expect(result.current.logs[0]?.message).toBe('message 60')
    expect(result.current.logs.at(-1)?.message).toBe('message 11')
    expect(new Set(result.current.logs.map(({ id }) => id)).size).toBe(50)
    expect(atoms.get(logCountAtom)).toBe(50)
    act(() => result.current.clearLogs())
    expect(result.current.logs).toEqual([])
  })

  it('has a writer that does not render again with every entry', () => {
    let renders = 0
    const { result } = renderHook(() => (renders++, useLogWriter()), { wrapper })
    const before = renders
    act(() => result.current('leader', 'Became leader'))
    expect(renders).toBe(before)
    expect(atoms.get(logCountAtom)).toBe(1)
  })
})

describe('the error page', () => {
  it('says what has happened, and leads back', () => {
    render(<Show status={404} title="Not found" message="There is nothing here." />)
    expect(screen.getByRole('heading', { name: 'Not found' })).toBeTruthy()
    expect(screen.getByText('There is nothing here.')).toBeTruthy()
    expect(screen.getByRole('link', { name: 'Back to the todos' }).getAttribute('href')).toBe('/todos')
  })
})
