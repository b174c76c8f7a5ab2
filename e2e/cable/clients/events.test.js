// Server-sent events, as a browser's EventSource takes them: Node has none.
import assert from "node:assert/strict"
import { once } from "node:events"
import { get } from "node:http"
import { after, before, test } from "node:test"
import { Cable, origin, until } from "./support.js"

let cable

before(async () => {
  cable = await Cable.start({ ANYCABLE_PUBLIC_STREAMS: "true" })
})
after(() => cable.stop())

/** What came of a connection: whole events only. */
async function listen(query, lastEventId) {
  const url = cable.url.replace(/^ws(.*)cable$/, `http$1events?${new URLSearchParams(query)}`)
  const headers = { Origin: origin, Accept: "text/event-stream" }
  if (lastEventId) headers["Last-Event-ID"] = lastEventId
  const request = get(url, { headers, agent: false })
  const [response] = await once(request, "response")
  const source = { status: response.statusCode, type: response.headers["content-type"], events: [], ended: false, request }
  let text = ""
  response.setEncoding("utf8").on("data", (more) => {
    const whole = (text + more).split("\n\n")
    text = whole.pop()
    source.events.push(...whole.map(parse))
  })
  for (const end of ["error", "close"]) {
    request.on(end, () => {
      source.ended = true
    })
    response.on(end, () => {
      source.ended = true
    })
  }
  source.messages = () => source.events.filter(({ event }) => !event)
  source.has = (event) => until(event, () => source.events.some((each) => each.event === event))
  return source
}

function parse(text) {
  const fields = text.split("\n").map((line) => line.match(/^(\w*): ?(.*)$/))
  return Object.fromEntries(fields.filter(Boolean).map(([, name, value]) => [name, value]))
}

test("streams messages, and goes on after the last one that was seen", async () => {
  const numbers = []
  let last
  for (let round = 0; round < 3; round++) {
    const source = await listen({ stream: "events" }, last)
    assert.equal(source.status, 200)
    assert.match(source.type, /^text\/event-stream/)
    await source.has("confirm_subscription")
    await cable.broadcast("events", { number: round * 2 })
    await until("the message", () => source.messages().some(({ data }) => JSON.parse(data).number === round * 2))
    for (const { id, data } of source.messages()) {
      last = id
      numbers.push(JSON.parse(data).number)
    }
    cable.cut()
    await until("the cut", () => source.ended)
    await cable.broadcast("events", { number: round * 2 + 1 })
  }
  assert.deepEqual(numbers, [0, 1, 2, 3, 4])
})

test("refuses what no socket would get", async () => {
  assert.equal((await listen({ channel: "NoChannel" })).status, 400)
  assert.equal((await listen({})).status, 400)
  assert.equal((await listen({ signed_stream: "events" })).status, 400)
})
