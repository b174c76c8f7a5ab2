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
})
