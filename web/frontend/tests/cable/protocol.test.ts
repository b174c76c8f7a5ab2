import { describe, expect, it } from 'vitest'
import { parseFrame, SUBPROTOCOLS } from '../../src/cable/protocol'

const parse = (frame: unknown) => parseFrame(JSON.stringify(frame))

describe('a frame', () => {
  it.each([
    [{ type: 'welcome' }, { type: 'welcome' }],
    [{ type: 'welcome', sid: 's1' }, { type: 'welcome' }],
    [{ type: 'ping', message: 1_763_800_000 }, { type: 'ping' }],
    [{ type: 'confirm_subscription', identifier: 'i' }, { type: 'confirm_subscription', identifier: 'i' }],
    [{ type: 'reject_subscription', identifier: 'i' }, { type: 'reject_subscription', identifier: 'i' }],
    [{ type: 'confirm_history', identifier: 'i' }, { type: 'confirm_history', identifier: 'i' }],
    [{ type: 'reject_history', identifier: 'i' }, { type: 'reject_history', identifier: 'i' }],
    [{ type: 'disconnect', reason: 'remote', reconnect: false }, { type: 'disconnect', reason: 'remote', reconnect: false }],
    // Rails 5 gave no reason, and everybody came back.
    [{ type: 'disconnect' }, { type: 'disconnect', reason: '', reconnect: true }],
    [{ identifier: 'i', message: null }, { type: 'message', identifier: 'i', message: null, position: null }],
    [
      { identifier: 'i', message: { a: 1 }, stream_id: 'todos', epoch: 'e1', offset: 32 },
      { type: 'message', identifier: 'i', message: { a: 1 }, position: { stream: 'todos', epoch: 'e1', offset: 32 } },
    ],
  ])('%j is understood', (frame, meaning) => {
    expect(parse(frame)).toEqual(meaning)
  })

  it.each([
    { epoch: 'e1', offset: 32 },
    { stream_id: 'todos', offset: 32 },
    { stream_id: 'todos', epoch: 'e1' },
    { stream_id: 'todos', epoch: 'e1', offset: '32' },
    { stream_id: 'todos', epoch: 'e1', offset: 1.5 },
    { stream_id: 7, epoch: 'e1', offset: 32 },
  ])('with half a position, %j, is a message without one', (position) => {
    expect(parse({ identifier: 'i', message: 'm', ...position })).toMatchObject({ message: 'm', position: null })
  })

  it.each([
    ...[null, 7, 'text', [], {}, { type: 'presence', identifier: 'i' }, { type: 7 }],
    ...[{ message: 'm' }, { identifier: 7, message: 'm' }, { identifier: 'i' }, { type: 'confirm_subscription' }],
  ])('%j is none', (frame) => {
    expect(parse(frame)).toBeNull()
  })

  it.each(['', '{"type":"welc', 'undefined', new ArrayBuffer(2), undefined])('is never %j', (data) => {
    expect(parseFrame(data)).toBeNull()
  })
})

it('offers the protocol with history first', () => {
  expect(SUBPROTOCOLS).toEqual(['actioncable-v1-ext-json', 'actioncable-v1-json', 'actioncable-unsupported'])
})
