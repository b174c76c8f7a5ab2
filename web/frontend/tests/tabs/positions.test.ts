import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Position } from '../../src/cable/position'
import { dataMessage, parseMessage, tabPosition, type DataMessage } from '../../src/tabs/messages'
import { FakeBus } from '../support/fake_bus'
import { list, wait, World } from '../support/world'

const at = (offset: number, epoch = 'e1'): Position => ({ stream: 'todos', epoch, offset })

beforeEach(() => {
  vi.useFakeTimers()
})

/** Of tabs that all hold revision 7, but know different positions. */
async function browser(positions: Record<string, Position | null>): Promise<World> {
  const world = new World(new FakeBus(), { locks: true })
  const tabs = world.open(...Object.keys(positions))
  await wait(500)
  for (const tab of tabs) {
    tab.held = list(7, 'milk')
    const position = positions[tab.id]
    if (position) tab.bookmark.move(position)
  }
  world.bus.sent.length = 0
  return world
}

describe('the position', () => {
  it('goes with every list', async () => {
    const world = await browser({ a: at(32), b: null })
    world.tabs[0]?.election.publish(list(8, 'bread'))
    await wait(1)
    expect(world.bus.sent).toEqual([{ type: 'data', from: 'a', payload: list(8, 'bread').todos, rev: 8, epoch: 'db-1', position: at(32) }])
    expect(world.tabs[1]?.bookmark.position).toEqual(at(32))
  })

  it('is told to a newcomer whose list is new enough already', async () => {
    const world = await browser({ a: at(32) })
    const discover = { type: 'discover', payload: null, from: 'x', rev: 7, epoch: 'db-1' } as const
    world.bus.say(discover)
    world.bus.say({ ...discover, position: at(31) })
    world.bus.say({ ...discover, position: at(40, 'e0') })
    world.bus.say({ ...discover, position: at(32) })
    await wait(1)
    expect(world.bus.of('data').map(({ position }) => position)).toEqual([at(32), at(32), at(32)])
  })

  it('is told by the leader only, as long as it answers', async () => {
    const world = await browser({ a: at(32), b: at(32), c: at(32) })
    world.open('d')
    await wait(100)
    expect(world.bus.of('data').map(({ from }) => from)).toEqual(['a'])
  })

  it('is told by whoever knows it to the tab that is about to lead', async () => {
    const world = await browser({ a: at(32), b: at(32), c: null, d: at(31) })
    const [leader, , thief] = world.tabs
    leader?.hang()
    for (const tab of world.tabs) tab.hidden = tab !== thief
    await wait(6_000)
    expect(world.leaders).toEqual(['c'])
    expect(thief?.bookmark.position).toEqual(at(32))
  })

  it('is not told to a tab that knows a later one', async () => {
    const world = await browser({ a: at(31), b: at(31) })
    world.bus.say({ type: 'discover', payload: null, from: 'x', probe: true, rev: 7, epoch: 'db-1', position: at(32) })
    await wait(1)
    expect(world.bus.of('data')).toEqual([])
  })
})

describe('a list from another tab', () => {
  const heard = (position: unknown) => tabPosition(parseMessage({ type: 'data', payload: [], from: 'x', position }) as DataMessage)

  it('may come with a position', () => {
    expect(heard(at(32))).toEqual(at(32))
  })

  it.each([undefined, null, 7, 'todos', {}, { stream: 'todos', epoch: 'e1' }, { ...at(1), offset: '1' }, { ...at(1), epoch: 1 }])(
    'may come without one: %j',
    (position) => {
      expect(heard(position)).toBeNull()
    },
  )

  it('has no such field where there is no position', () => {
    expect(dataMessage('a', list(1), null)).toEqual({ type: 'data', payload: [], from: 'a', rev: 1, epoch: 'db-1' })
  })
})
