import { beforeEach, describe, expect, it, vi } from 'vitest'
import { list, wait, World } from '../support/world'

beforeEach(() => {
  vi.useFakeTimers()
})

describe('without Web Locks', () => {
  it('lets a single tab lead after half a second, and open its socket after the settling time', async () => {
    const world = new World()
    const [tab] = world.open('a')
    await wait(499)
    expect(world.leaders).toEqual([])
    await wait(1)
    expect(world.leaders).toEqual(['a'])
    expect(tab?.socketOpen).toBe(false)
    await wait(100)
    expect(tab?.socketOpen).toBe(true)
    expect(tab?.log).toEqual(['[broadcast] Joining channel "todos-sync"', '[leader] Became leader'])
  })

  it('lets a tab that has slept past its time read its messages before it claims the lead', async () => {
    const world = new World()
    const [sleeper] = world.open('a')
    await wait(499)
    vi.setSystemTime(Date.now() + 2_000)
    await wait(1)
    expect(world.leaders).toEqual([])
    world.bus.say({ type: 'ping', payload: null, from: 'm' })
    await wait(3_000)
    expect(sleeper?.times('Became leader')).toBe(0)
  })

  it('lets a tab lead that has slept past its time and hears of nobody', async () => {
    const world = new World()
    world.open('a')
    await wait(499)
    vi.setSystemTime(Date.now() + 2_000)
    await wait(51)
    expect(world.leaders).toEqual(['a'])
  })

  it('elects one of three that start together, without a second election', async () => {
    const world = new World()
    const tabs = world.open('c', 'a', 'b')
    await wait(3_000)
    expect(world.leaders).toEqual(['a'])
    expect(world.sockets).toBe(1)
    expect(tabs.map((tab) => tab.times('Became leader'))).toEqual([0, 1, 0])
  })

  it('answers a newcomer with a ping and the list', async () => {
    const world = new World()
    const [leader] = world.open('m')
    await wait(1_000)
    if (leader) leader.held = list(7, 'milk')
    const [newcomer] = world.open('a')
    await wait(10)
    expect(newcomer?.received).toEqual([list(7, 'milk')])
    expect(newcomer?.links).toEqual(['live'])
    expect(leader?.log).toContain('[broadcast] Responded to discover from a')
    await wait(20_000)
    expect(world.leaders).toEqual(['m'])
  })

  it('does not send a newcomer what it has already', async () => {
    const world = new World()
    const [leader] = world.open('m')
    await wait(1_000)
    if (leader) leader.held = list(7, 'milk')
    world.bus.say({ type: 'discover', payload: null, from: 'x', rev: 7, epoch: 'db-1' })
    await wait(10)
    expect(world.bus.of('data')).toEqual([])
    world.bus.say({ type: 'discover', payload: null, from: 'x', rev: 6, epoch: 'db-1' })
    await wait(10)
    expect(world.bus.of('data')).toHaveLength(1)
  })

  it('leaves the lead to a leader whose timers are throttled, as long as it answers', async () => {
    const world = new World()
    const clock = vi.spyOn(globalThis, 'setInterval').mockImplementation(() => 0 as never)
    world.open('m')
    await wait(1_000)
    clock.mockRestore()
    const [follower] = world.open('a')
    await wait(60_000)
    expect(world.leaders).toEqual(['m'])
    expect(follower?.times('Became leader')).toBe(0)
  })

  it('replaces a dead leader 5 to 5.7 s after its last heartbeat', async () => {
    const world = new World()
    const [leader] = world.open('a', 'b', 'c')
    await wait(2_500)
    leader?.crash()
    await wait(4_900)
    expect(world.leaders).toEqual([])
    await wait(800)
    expect(world.leaders).toEqual(['b'])
  })

  it.each(['dies', 'resigns'])('elects the lowest id of five followers when the leader %s', async (how) => {
    const world = new World()
    const [leader] = world.open('a')
    await wait(1_000)
    const followers = world.open('f', 'd', 'e', 'b', 'c')
    await wait(3_000)
    if (how === 'dies') leader?.crash()
    else leader?.election.stop()
    await wait(how === 'dies' ? 6_000 : 300)
    expect(world.leaders).toEqual(['b'])
    await wait(10_000)
    expect(world.leaders).toEqual(['b'])
    expect(world.sockets).toBe(1)
    expect(followers.reduce((sum, tab) => sum + tab.times('Became leader'), 0)).toBe(1)
  })

  it('survives start, stop, start', async () => {
    const world = new World()
    const [tab] = world.open('a')
    tab?.election.stop()
    tab?.election.start()
    tab?.election.start()
    await wait(10_000)
    expect(world.leaders).toEqual(['a'])
    expect(tab?.times('Became leader')).toBe(1)
    tab?.election.stop()
    await wait(10_000)
    expect([world.leaders, world.sockets]).toEqual([[], 0])
  })

  it('resolves two leaders in favour of the lower id, and closes the other socket', async () => {
    const world = new World()
    const [higher] = world.open('m')
    await wait(1_000)
    expect(higher?.socketOpen).toBe(true)
    world.bus.say({ type: 'ping', payload: null, from: 'a' })
    await wait(1)
    expect([world.leaders, world.sockets]).toEqual([[], 0])
    expect(higher?.log.at(-1)).toBe('[follower] Became follower (tab a leads)')
  })

  it('tells a rival with a higher id at once who leads', async () => {
    const world = new World()
    world.open('a')
    await wait(1_000)
    const before = world.bus.of('ping').length
    world.bus.say({ type: 'ping', payload: null, from: 'z' })
    await wait(1)
    expect(world.bus.of('ping').slice(before).map(({ from }) => from)).toEqual(['z', 'a'])
    expect(world.leaders).toEqual(['a'])
  })

  it('lets visible tabs go first', async () => {
    const world = new World()
    const [leader] = world.open('z')
    await wait(1_000)
    const [hidden] = world.open('a', 'b')
    if (hidden) hidden.hidden = true
    await wait(1_000)
    leader?.election.stop()
    await wait(1_000)
    expect([world.leaders, world.sockets]).toEqual([['b'], 1])
  })

  it('hands the lead over when its socket has gone deaf', async () => {
    const world = new World()
    const [leader] = world.open('a', 'b')
    await wait(3_000)
    if (leader) leader.deaf = true
    await wait(2_500)
    expect(world.leaders).toEqual(['b'])
    expect(leader?.socketOpen).toBe(false)
    expect(leader?.log.at(-1)).toBe('[follower] Became follower (the connection had gone silent)')
  })

  it('resigns when it is asked while deaf, as a frozen tab is that runs no timers', async () => {
    const world = new World()
    vi.spyOn(globalThis, 'setInterval').mockImplementation(() => 0 as never)
    const [leader] = world.open('a')
    await wait(1_000)
    if (leader) leader.deaf = true
    world.open('b')
    await wait(300)
    expect(world.leaders).toEqual(['b'])
    expect(world.bus.of('resign')).toHaveLength(1)
  })

  it('tries anew with a fresh socket when it is deaf and alone', async () => {
    const world = new World()
    const [leader] = world.open('a')
    await wait(1_000)
    if (leader) leader.deaf = true
    await wait(1_600)
    expect([world.leaders, world.sockets]).toEqual([[], 0])
    if (leader) leader.deaf = false
    await wait(1_200)
    expect([world.leaders, world.sockets]).toEqual([['a'], 1])
  })

  it('passes on news of its socket to the followers', async () => {
    const world = new World()
    const [leader, follower] = world.open('a', 'b')
    await wait(1_000)
    if (leader) leader.link = 'reconnecting'
    leader?.election.announce()
    await wait(1)
    expect(follower?.links.at(-1)).toBe('reconnecting')
  })

  it('asks at once when it becomes visible after a long silence', async () => {
    const world = new World()
    const [leader, follower] = world.open('a', 'b')
    await wait(2_600)
    leader?.crash()
    vi.setSystemTime(Date.now() + 60_000)
    follower?.election.wake()
    await wait(500)
    expect(world.leaders).toEqual(['b'])
  })
})
