// @rails/actioncable, as Rails ships it.
import assert from "node:assert/strict"
import { pbkdf2Sync } from "node:crypto"
import { after, afterEach, before, test } from "node:test"
import ActionCable from "@rails/actioncable"
import { ANYCABLE_SECRET, Cable, PageSocket, SECRET_KEY_BASE, signed, token, until } from "./support.js"

// What the client needs of a page.
globalThis.document = { visibilityState: "visible" }
globalThis.addEventListener = globalThis.removeEventListener = () => {}
ActionCable.adapters.WebSocket = PageSocket
// Seconds. A client that goes on at once must not take a slow machine for a dead connection.
const { ConnectionMonitor } = ActionCable
const PATIENT = 30
ConnectionMonitor.staleThreshold = PATIENT

let cable
let consumers = []

before(async () => {
  cable = await Cable.start({ ANYCABLE_PUBLIC_STREAMS: "true" })
})
afterEach(() => {
  for (const consumer of consumers) consumer.disconnect()
  consumers = []
  ConnectionMonitor.staleThreshold = PATIENT
})
after(() => cable.stop())

function consumer(url = cable.url) {
  const consumer = ActionCable.createConsumer(url)
  consumers.push(consumer)
  return consumer
}

/** A subscription that notes what happens to it. */
function subscribe(channel, to = consumer()) {
  const events = []
  const messages = []
  const subscription = to.subscriptions.create(channel, {
    connected: ({ reconnected }) => {
      // What is said from now on must not be lost with a connection that a pause of this process made seem dead.
      if (reconnected) ConnectionMonitor.staleThreshold = PATIENT
      events.push(reconnected ? "reconnected" : "connected")
    },
    disconnected: ({ willAttemptReconnect }) => events.push(willAttemptReconnect ? "cut off" : "disconnected"),
    rejected: () => events.push("rejected"),
    received: (message) => messages.push(message),
  })
  const has = (event) => until(event, () => events.includes(event))
  const received = (count) => until(`${count} messages`, () => messages.length >= count)
  return { subscription, events, messages, has, received }
}

const room = (name) => ({ channel: "$pubsub", stream_name: name })

test("subscribes and receives, in order", async () => {
  const { events, messages, has, received } = subscribe(room("order"))
  await has("connected")
  for (let number = 0; number < 100; number++) await cable.broadcast("order", { number, text: "<é>\u2028" })
  await received(100)
  assert.deepEqual(
    messages,
    Array.from({ length: 100 }, (_, number) => ({ number, text: "<é>\u2028" })),
  )
  assert.deepEqual(events, ["connected"])
})

test("the application's channel sends its list first, and takes no action", async () => {
  const { subscription, messages, has, received } = subscribe("TodosChannel")
  await has("connected")
  assert.deepEqual(messages[0].todos, [])
  subscription.perform("explode", { what: "all" })
  subscription.send({ no: "action" })
  await cable.broadcast("todos", "still here")
  await received(2)
  assert.equal(messages[1], "still here")
})

test("is told of a rejection, once", async () => {
  const to = consumer()
  const rejected = subscribe("NoChannel", to)
  await rejected.has("rejected")
  const other = subscribe(room("other"), to)
  await other.has("connected")
  assert.deepEqual(rejected.events, ["rejected"])
})

test("unsubscribes and subscribes again", async () => {
  const to = consumer()
  const first = subscribe(room("again"), to)
  await first.has("connected")
  first.subscription.unsubscribe()
  const second = subscribe(room("again"), to)
  await second.has("connected")
  await cable.broadcast("again", 1)
  await second.received(1)
  assert.deepEqual(first.messages, [])
})

test("two subscriptions with one identifier are one", async () => {
  const to = consumer()
  const both = [subscribe(room("both"), to), subscribe(room("both"), to)]
  for (const each of both) await each.has("connected")
  await cable.broadcast("both", 1)
  for (const each of both) await each.received(1)
  for (const each of both) assert.deepEqual(each.messages, [1])
})

for (const [what, cut] of [
  ["a cut", () => cable.cut()],
  ["a kill", () => cable.restart("SIGKILL")],
  ["a restart", () => cable.restart("SIGTERM")],
]) {
  test(`comes back after ${what}`, async () => {
    // The server pings five times a second.
    ConnectionMonitor.staleThreshold = 1
    const { events, messages, has, received } = subscribe(room("back"))
    await has("connected")
    await cut()
    await has("cut off")
    await has("reconnected")
    await cable.broadcast("back", what)
    await received(1)
    assert.deepEqual(messages, [what])
    assert.equal(events.filter((event) => event === "connected").length, 1)
  })
}

test("receives what a Rails application broadcasts to its Turbo Streams", async () => {
  const key = pbkdf2Sync(SECRET_KEY_BASE, "turbo/signed_stream_verifier_key", 1000, 64, "sha256")
  const name = "Z2lkOi8vYXBwL1Jvb20vMQ:messages"
  // With an attribute `data-room-id` of the page's element.
  const channel = { channel: "Turbo::StreamsChannel", signed_stream_name: signed(key, name), room_id: "1" }
  const { messages, has, received } = subscribe(channel)
  await has("connected")
  const html = `<turbo-stream action="append" target="messages"><template>Hi & "bye"</template></turbo-stream>`
  await cable.broadcast(name, html)
  await received(1)
  assert.deepEqual(messages, [html])
  const forged = subscribe({ ...channel, signed_stream_name: signed("another key", name) })
  await forged.has("rejected")
})

test("is sent away for good without a token, where one is wanted", async () => {
  const strict = await Cable.start({
    ANYCABLE_SECRET,
    ANYCABLE_ENFORCE_JWT: "true",
    ANYCABLE_PUBLIC_STREAMS: "true",
  })
  try {
    const outsider = consumer(strict.url)
    const refused = subscribe(room("strict"), outsider)
    await refused.has("disconnected")
    assert.equal(outsider.connection.monitor.isRunning(), false)
    const member = subscribe(room("strict"), consumer(`${strict.url}?jid=${token({ user: 1 })}`))
    await member.has("connected")
  } finally {
    await strict.stop()
  }
})
