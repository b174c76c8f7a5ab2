// @anycable/core with `actioncable-v1-ext-json`.
import assert from "node:assert/strict"
import { after, afterEach, before, test } from "node:test"
import { createCable } from "@anycable/core"
import { ANYCABLE_SECRET, Cable, PageSocket, signed, until } from "./support.js"

let server
let cables = []

before(async () => {
  server = await Cable.start({ ANYCABLE_SECRET, ANYCABLE_PUBLIC_STREAMS: "true" })
})
afterEach(() => {
  for (const cable of cables) cable.disconnect()
  cables = []
})
after(() => server.stop())

function client(options = {}) {
  const cable = createCable(server.url, {
    protocol: "actioncable-v1-ext-json",
    websocketImplementation: PageSocket,
    reconnectStrategy: () => 20,
    logLevel: "error",
    ...options,
  })
  cables.push(cable)
  return cable
}

/** A channel that notes what happens to it. */
function listen(channel) {
  const messages = []
  const infos = []
  channel.on("message", (message, meta) => messages.push({ message, meta }))
  channel.on("info", ({ type }) => infos.push(type))
  const received = (count) => until(`${count} messages`, () => messages.length >= count)
  const texts = () => messages.map(({ message }) => message)
  return { channel, messages, infos, received, texts }
}

async function join(name, cable = client()) {
  const heard = listen(cable.streamFrom(name))
  await heard.channel.ensureSubscribed()
  return heard
}

/** How a client came back. */
function comesBack(cable) {
  return new Promise((done) => {
    const unbind = cable.on("connect", (event) => {
      unbind()
      done(event)
    })
  })
}

test("subscribes, performs and learns the place of each message", async () => {
  const { messages, received } = await join("place")
  await server.broadcast("place", { text: "one" })
  await server.broadcast("place", { text: "two" })
  await received(2)
  const [one, two] = messages
  assert.deepEqual([one.message, two.message], [{ text: "one" }, { text: "two" }])
  assert.equal(one.meta.stream, "place")
  assert.equal(one.meta.epoch, two.meta.epoch)
  assert.ok(one.meta.offset < two.meta.offset)

  const cable = client()
  const todos = listen(cable.subscribeTo("TodosChannel"))
  await todos.channel.ensureSubscribed()
  await todos.received(1)
  await todos.channel.perform("explode", { what: "all" })
  await server.broadcast("todos", { still: "here" })
  await todos.received(2)
  assert.deepEqual(todos.messages[1].message, { still: "here" })
})

test("is told of a rejection", async () => {
  const channel = client().subscribeTo("NoChannel")
  await assert.rejects(channel.ensureSubscribed(), { name: "SubscriptionRejectedError" })
})

test("takes signed streams", async () => {
  const good = listen(client().streamFromSigned(signed(ANYCABLE_SECRET, "signed")))
  await good.channel.ensureSubscribed()
  await server.broadcast("signed", { hello: 1 })
  await good.received(1)
  const forged = client().streamFromSigned(signed("another secret", "signed"))
  await assert.rejects(forged.ensureSubscribed(), { name: "SubscriptionRejectedError" })
})

test("comes back to its session after a cut, and misses nothing", async () => {
  const cable = client()
  const { texts, infos, received } = await join("cut", cable)
  const numbers = []
  for (let round = 0; round < 5; round++) {
    await server.broadcast("cut", { number: numbers.length })
    numbers.push({ number: numbers.length })
    await received(numbers.length)
    const back = comesBack(cable)
    server.close()
    for (let missed = 0; missed < 30; missed++) {
      await server.broadcast("cut", { number: numbers.length })
      numbers.push({ number: numbers.length })
    }
    server.reopen()
    assert.deepEqual(await back, { reconnect: true, restored: true })
    await received(numbers.length)
    await until("the end of the history", () => infos.length === round + 1)
  }
  await server.broadcast("cut", { number: numbers.length })
  numbers.push({ number: numbers.length })
  await received(numbers.length)
  assert.deepEqual(texts(), numbers)
  assert.ok(infos.every((type) => type === "history_received"))
})

for (const signal of ["SIGKILL", "SIGTERM"]) {
  test(`misses nothing of what is said while the process is gone after ${signal}`, async () => {
    const cable = client()
    const { texts, received } = await join(signal, cable)
    await server.broadcast(signal, { number: 0 })
    await received(1)
    const back = comesBack(cable)
    server.close()
    await server.broadcast(signal, { number: 1 })
    await server.restart(signal)
    await server.broadcast(signal, { number: 2 })
    server.reopen()
    assert.equal((await back).restored, false)
    await received(3)
    await server.broadcast(signal, { number: 3 })
    await received(4)
    assert.deepEqual(texts(), [0, 1, 2, 3].map((number) => ({ number })))
  })
}

test("is told where the process sends it away", async () => {
  const cable = client()
  const { texts, received } = await join("sent away", cable)
  await server.broadcast("sent away", { number: 0 })
  await received(1)
  const gone = new Promise((done) => cable.on("disconnect", done))
  const back = comesBack(cable)
  await server.restart("SIGTERM")
  assert.equal((await gone).reason, "server_restart")
  await server.broadcast("sent away", { number: 1 })
  await back
  await received(2)
  assert.deepEqual(texts(), [{ number: 0 }, { number: 1 }])
})

test("sees who is there", async () => {
  const cables = [client(), client()]
  const [ann, ben] = [await join("present", cables[0]), await join("present", cables[1])]
  const events = []
  ann.channel.on("presence", ({ type, id, info }) => events.push([type, id, info]))
  ann.channel.presence.join("ann", { name: "Ann" })
  await until("Ann to join", () => events.length === 1)
  ben.channel.presence.join("ben", { name: "Ben" })
  await until("Ben to join", () => events.length === 2)
  const info = await (await join("present")).channel.presence.info()
  assert.deepEqual(info, { ann: { name: "Ann" }, ben: { name: "Ben" } })
  // Who is cut off and comes back was never away.
  const back = Promise.all(cables.map(comesBack))
  server.cut()
  await back
  ben.channel.presence.leave()
  await until("Ben to leave", () => events.length === 3)
  assert.deepEqual(
    events.map(([type, id]) => `${id}: ${type}`),
    ["ann: join", "ben: join", "ben: leave"],
  )
})

test("whispers to the others", async () => {
  const [ann, ben] = [await join("whispers"), await join("whispers")]
  ann.channel.whisper({ typing: true })
  await ben.received(1)
  await server.broadcast("whispers", { said: "hi" })
  await ann.received(1)
  assert.deepEqual(ann.texts(), [{ said: "hi" }])
  assert.deepEqual(ben.texts()[0], { typing: true })
})
