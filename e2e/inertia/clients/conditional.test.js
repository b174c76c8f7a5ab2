// HTML and JSON of one URL, in a cache as browsers have one.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { start } from "./support.js"

let app

before(async () => {
  app = await start()
})

after(() => app.stop())

test("a name of one representation never stands for another", async () => {
  const inertia = { "x-inertia": "true", "x-inertia-version": "version-1" }
  const partial = { ...inertia, "x-inertia-partial-component": "Members/Index", "x-inertia-partial-data": "members" }
  const requests = [{}, inertia, partial]
  const get = (headers) => fetch(`${app.origin}/members`, { headers })
  const tags = await Promise.all(requests.map(async (headers) => (await get(headers)).headers.get("etag")))
  for (const [asked, headers] of requests.entries()) {
    for (const [had, tag] of tags.entries()) {
      const { status } = await get({ ...headers, "if-none-match": tag })
      assert.equal(status, asked === had ? 304 : 200, `request ${asked}, name of ${had}`)
    }
  }
})
