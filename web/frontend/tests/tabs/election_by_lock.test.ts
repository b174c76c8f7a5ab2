import { beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeBus } from '../support/fake_bus'
import { FakeLocks } from '../support/fake_locks'
import { list, wait, World } from '../support/world'

beforeEach(() => {
  vi.useFakeTimers()
})

const browser = () => new World(new FakeBus(), { locks: true })

describe('with Web Locks', () => {
  it('lets a single tab lead at once', async () => {
    const world = browser()
    world.open('a')
    await wait(0)
    expect([world.leaders, world.sockets]).toEqual([['a'], 0])
    await wait(100)
    expect(world.sockets).toBe(1)
  })

  it('gives the newcomer the list', async () => {
    const world = browser()
    const [leader] = world.open('m')
    await wait(200)
    if (leader) leader.held = list(3, 'milk')
    const [newcomer] = world.open('a')
    await wait(10)
    expect(newcomer?.received).toEqual([list(3, 'milk')])
    expect(world.leaders).toEqual(['m'])
  })

  it.each(['closes', 'crashes'])('hands over at once when the leader %s', async (how) => {
    const world = browser()
    const [leader, ...followers] = world.open('a', 'b', 'c', 'd', 'e', 'f')
    await wait(1_000)
    if (how === 'closes') leader?.election.stop()
    else leader?.crash()
    await wait(150)
    expect([world.leaders, world.sockets]).toEqual([['b'], 1])
    await wait(30_000)
    expect(world.leaders).toEqual(['b'])
    expect(followers.reduce((sum, tab) => sum + tab.times('Became leader'), 0)).toBe(1)
  })

  it('does not rob a leader that is throttled but answers', async () => {
    const world = browser()
    const clock = vi.spyOn(globalThis, 'setInterval').mockImplementation(() => 0 as never)
    world.open('a')
    await wait(100)
    clock.mockRestore()
    world.open('b', 'c')
    await wait(60_000)
    expect(world.leaders).toEqual(['a'])
    expect(world.locks?.thefts).toBe(0)
  })

  it('robs a leader that hangs, once, and keeps one socket when it comes back', async () => {
    const world = browser()
    const [leader] = world.open('a', 'b', 'c')
    await wait(1_000)
    leader?.hang()
    await wait(6_000)
    expect(world.leaders).toEqual(['b'])
    if (leader) leader.alive = true
    await wait(10_000)
    expect([world.leaders, world.sockets]).toEqual([['b'], 1])
    expect(leader?.log).toContain('[follower] Became follower (another tab took over)')
    expect(world.locks?.thefts).toBe(1)
  })

  it('robs nobody from a hidden tab', async () => {
    const world = browser()
    const [leader, hidden] = world.open('a', 'b')
    await wait(1_000)
    if (hidden) hidden.hidden = true
    leader?.hang()
    await wait(30_000)
    expect([world.leaders, world.locks?.thefts]).toEqual([[], 0])
    if (hidden) hidden.hidden = false
    hidden?.election.wake()
    await wait(600)
    expect([world.leaders, world.locks?.thefts]).toEqual([['b'], 1])
  })

  it('queues again after a robbery, and inherits', async () => {
    const world = browser()
    const [leader, thief] = world.open('a', 'b')
    await wait(1_000)
    leader?.hang()
    await wait(6_000)
    if (leader) leader.alive = true
    await wait(1_000)
    thief?.election.stop()
    await wait(200)
    expect([world.leaders, world.sockets]).toEqual([['a'], 1])
  })

  it('goes to the back of the queue when its socket is deaf', async () => {
    const world = browser()
    const [leader] = world.open('a', 'b')
    await wait(1_000)
    if (leader) leader.deaf = true
    await wait(2_500)
    expect([world.leaders, world.sockets]).toEqual([['b'], 1])
    expect(world.locks?.heldBy).toBe('b')
  })

  it('opens a fresh socket when it is deaf and alone', async () => {
    const world = browser()
    const [leader] = world.open('a')
    await wait(1_000)
    if (leader) leader.deaf = true
    await wait(1_000)
    if (leader) leader.deaf = false
    await wait(500)
    expect([world.leaders, world.sockets, leader?.times('Became leader')]).toEqual([['a'], 1, 2])
  })

  it('robs a successor that does not speak up soon after a resignation', async () => {
    const world = browser()
    const [leader, hung] = world.open('a', 'b', 'c')
    await wait(1_000)
    hung?.hang()
    leader?.election.stop()
    await wait(1_400)
    expect([world.leaders, world.locks?.heldBy]).toEqual([[], 'b'])
    await wait(200)
    expect([world.leaders, world.sockets, world.locks?.thefts]).toEqual([['c'], 1, 1])
  })

  it('resigns when it is asked while frozen before it could open its socket', async () => {
    const world = browser()
    const clock = vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => 0 as never)
    world.open('a')
    await wait(0)
    clock.mockRestore()
    world.open('b')
    await wait(5_700)
    expect([world.leaders, world.sockets]).toEqual([['b'], 1])
    expect(world.locks?.thefts).toBe(0)
  })

  it('queues again when it is robbed before it has heard that it holds the lock', async () => {
    const world = browser()
    const [first] = world.open('a')
    const robbed = () => Promise.reject(new DOMException('stolen', 'AbortError'))
    const locks = world.locks!.for('b')
    vi.spyOn(locks, 'request').mockImplementationOnce(robbed)
    vi.spyOn(FakeLocks.prototype, 'for').mockReturnValueOnce(locks)
    world.open('b')
    await wait(1_000)
    first?.election.stop()
    await wait(200)
    expect([world.leaders, world.locks?.heldBy]).toEqual([['b'], 'b'])
  })

  it('survives start, stop, start', async () => {
    const world = browser()
    const [tab] = world.open('a')
    tab?.election.stop()
    tab?.election.start()
    await wait(5_000)
    expect([world.leaders, world.sockets, tab?.times('Became leader')]).toEqual([['a'], 1, 1])
    tab?.election.stop()
    await wait(10)
    expect(world.locks?.heldBy).toBeNull()
  })

  it('falls back on messages where the browser refuses locks', async () => {
    const world = browser()
    const refuse = () => Promise.reject(new DOMException('denied', 'SecurityError'))
    vi.spyOn(FakeLocks.prototype, 'for').mockReturnValue({ request: refuse })
    world.open('a', 'b')
    await wait(1_000)
    expect([world.leaders, world.sockets]).toEqual([['a'], 1])
  })
})

describe('beside a tab that knows no locks', () => {
  const ping = (from: string) => ({ type: 'ping', payload: null, from }) as const

  it('follows it while its id is lower, and outlives it', async () => {
    const world = browser()
    const [tab] = world.open('m')
    world.bus.say(ping('a'))
    await wait(50)
    expect([world.leaders, world.sockets]).toEqual([[], 0])
    for (let second = 0; second < 20; second += 2) {
      await wait(2_000)
      world.bus.say(ping('a'))
    }
    expect([tab?.election.leading, world.sockets]).toEqual([false, 0])
    await wait(5_700)
    expect([world.leaders, world.sockets]).toEqual([['m'], 1])
  })

  it('leads it while its id is higher', async () => {
    const world = browser()
    world.open('m')
    await wait(200)
    world.bus.say(ping('z'))
    await wait(10)
    expect(world.leaders).toEqual(['m'])
    expect(world.bus.of('ping').at(-1)?.from).toBe('m')
  })

  it('takes over at once when it resigns', async () => {
    const world = browser()
    world.open('m')
    world.bus.say(ping('a'))
    await wait(500)
    world.bus.say({ type: 'resign', payload: null, from: 'a' })
    await wait(10)
    expect(world.leaders).toEqual(['m'])
  })
})
