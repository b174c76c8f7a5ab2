import { describe, expect, it } from 'vitest'
import { Lanes } from '../../src/todos/lanes'

function controlled() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

describe('lanes', () => {
  it('starts the first task in the same tick', () => {
    let started = false
    void new Lanes().run('a', async () => void (started = true))
    expect(started).toBe(true)
  })

  it('keeps the tasks of one lane in order, and lets other lanes pass', async () => {
    const lanes = new Lanes()
    const slow = controlled()
    const order: string[] = []
    const first = lanes.run('a', () => slow.promise.then(() => order.push('a1')))
    const second = lanes.run('a', async () => order.push('a2'))
    await lanes.run('b', async () => order.push('b1'))
    expect(order).toEqual(['b1'])
    slow.resolve()
    await Promise.all([first, second])
    expect(order).toEqual(['b1', 'a1', 'a2'])
  })

  it('goes on after a task that has failed', async () => {
    const lanes = new Lanes()
    await expect(lanes.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(lanes.run('a', () => Promise.resolve(7))).resolves.toBe(7)
  })

  it('lets nothing overtake what runs alone, nor that overtake anything', async () => {
    const lanes = new Lanes()
    const [a, b, alone] = [controlled(), controlled(), controlled()]
    const order: string[] = []
    const note = (name: string, until?: Promise<void>) => async () => {
      order.push(`${name} begins`)
      await until
      order.push(`${name} ends`)
    }
    const done = [
      lanes.run('a', note('a1', a.promise)),
      lanes.run('b', note('b1', b.promise)),
      lanes.runAlone(note('all', alone.promise)),
      lanes.run('a', note('a2')),
      lanes.run('c', note('c1')),
      lanes.runAlone(note('all again')),
      lanes.run('a', note('a3')),
    ]
    b.resolve()
    await lanesSettle()
    expect(order).toEqual(['a1 begins', 'b1 begins', 'b1 ends'])
    a.resolve()
    await lanesSettle()
    expect(order.slice(3)).toEqual(['a1 ends', 'all begins'])
    alone.resolve()
    await Promise.all(done)
    expect(order.slice(5)).toEqual([
      'all ends', 'a2 begins', 'c1 begins', 'a2 ends', 'c1 ends',
      'all again begins', 'all again ends', 'a3 begins', 'a3 ends',
    ])
  })

  it('starts at once again when all is done', async () => {
    const lanes = new Lanes()
    await lanes.runAlone(async () => {})
    await lanesSettle()
    let started = false
    void lanes.run('a', async () => void (started = true))
    expect(started).toBe(true)
  })
})

const lanesSettle = () => new Promise((resolve) => setTimeout(resolve))
