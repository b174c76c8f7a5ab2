// @vitest-environment happy-dom
import { createStore } from 'jotai'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { isLeaderAtom, rowsAtom } from '../../src/atoms/todos'
import { Session } from '../../src/live/session'
import { webLock } from '../../src/tabs/lock'
import { FakeBus } from '../support/fake_bus'
import { FakeLocks } from '../support/fake_locks'
import { FakeSocket, installFakeSockets } from '../support/fake_socket'
import { list, wait } from '../support/world'

let bus: FakeBus
let locks: FakeLocks

beforeEach(() => {
  vi.useFakeTimers()
  installFakeSockets()
  bus = new FakeBus()
  locks = new FakeLocks()
})

/** A tab that came with revision 1; several share bus, lock and server. */
async function open(id: string) {
  const atoms = createStore()
  let alive = true
  const reloadTodos = vi.fn()
  const session = new Session({
    atoms,
    tabId: id,
    channel: 'todos-sync',
    openBus: bus.open(() => alive),
    makeLock: webLock(locks.for(id), 'lock'),
    send: async () => ({ kind: 'ok' }),
    visitFilter: async () => ({ kind: 'ok' }),
    writeToPage: () => {},
    reloadTodos,
  })
  session.adoptFirstPage({ props: { ...list(1, 'milk') } })
  session.start()
  onTestFinished(() => session.stop())
  await wait(200)
  return {
    session,
    reloadTodos,
    leads: () => atoms.get(isLeaderAtom),
    titles: () => atoms.get(rowsAtom)?.map(({ title }) => title),
    crash() {
      alive = false
      locks.crash(id)
    },
  }
}

const history = () => FakeSocket.latest.sent[0]?.history?.streams

async function failOver(leader: { crash(): void }): Promise<void> {
  leader.crash()
  await wait(200)
  FakeSocket.latest.accept()
  FakeSocket.latest.say({ type: 'welcome' })
}

describe('the next leader', () => {
  it('resumes where the last one was, and misses nothing', async () => {
    const leader = await open('a')
    FakeSocket.latest.subscribe(list(1, 'milk'))
    const next = await open('b')
    FakeSocket.latest.broadcast(list(2, 'bread', 'milk'), 32)
    await wait(100)
    expect(next.titles()).toEqual(['bread', 'milk'])

    await failOver(leader)
    expect([next.leads(), history()]).toEqual([true, { todos: { epoch: 'e1', offset: 32 } }])
    FakeSocket.latest.answer('confirm_subscription')
    FakeSocket.latest.broadcast(list(3, 'missed', 'bread', 'milk'), 33)
    FakeSocket.latest.answer('confirm_history')
    await wait(100)
    expect(next.titles()).toEqual(['missed', 'bread', 'milk'])
  })

  it('knows the place though it came after the last message', async () => {
    const leader = await open('a')
    FakeSocket.latest.subscribe()
    FakeSocket.latest.broadcast(list(1, 'milk'), 32)
    await open('b')
    await failOver(leader)
    expect(history()).toEqual({ todos: { epoch: 'e1', offset: 32 } })
  })

  it('hands the place on, from leader to leader', async () => {
    const first = await open('a')
    FakeSocket.latest.subscribe()
    FakeSocket.latest.broadcast(list(2, 'bread', 'milk'), 32)
    const second = await open('b')
    await failOver(first)
    FakeSocket.latest.answer('confirm_subscription')
    const third = await open('c')
    await failOver(second)
    expect([third.leads(), history()]).toEqual([true, { todos: { epoch: 'e1', offset: 32 } }])
  })

  it('resumes in the newest epoch that was heard', async () => {
    const leader = await open('a')
    FakeSocket.latest.subscribe()
    await open('b')
    FakeSocket.latest.broadcast(list(2, 'bread', 'milk'), 32)
    FakeSocket.latest.broadcast(list(3, 'eggs', 'milk'), 2, 'e2')
    await wait(1)
    await failOver(leader)
    expect(history()).toEqual({ todos: { epoch: 'e2', offset: 2 } })
  })

  it('asks for the whole list when the history is lost', async () => {
    const leader = await open('a')
    FakeSocket.latest.subscribe()
    const next = await open('b')
    FakeSocket.latest.broadcast(list(2, 'bread', 'milk'), 32)
    await wait(1)
    await failOver(leader)
    FakeSocket.latest.answer('confirm_subscription')
    FakeSocket.latest.answer('reject_history')
    expect(next.reloadTodos).toHaveBeenCalledOnce()
  })

  it('asks for no history if no tab has heard anything', async () => {
    const leader = await open('a')
    FakeSocket.latest.subscribe(list(1, 'milk'))
    await open('b')
    await failOver(leader)
    expect([FakeSocket.latest.commands(), history()]).toEqual([['subscribe'], undefined])
  })

  it('believes no position of a tab that speaks of another database', async () => {
    const follower = await open('a')
    const { todos } = list(9)
    bus.say({ type: 'data', payload: todos, from: 'x', rev: 9, epoch: 'db-0', position: { stream: 'todos', epoch: 'e0', offset: 9 } })
    await wait(1)
    expect(follower.reloadTodos).toHaveBeenCalledOnce()
    FakeSocket.latest.subscribe()
    expect(history()).toBeUndefined()
  })
})
