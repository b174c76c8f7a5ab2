// What the client of @inertiajs/core makes of the adapter's answers.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { open, start } from "./support.js"

let app

before(async () => {
  app = await start()
})

after(() => app.stop())

test("a visit shows another page of the same document", async () => {
  const client = await open(app.origin, "/members")
  assert.equal(client.page.component, "Members/Index")
  const { success } = await client.visit("/feed?page=1")
  assert.deepEqual([success.component, success.url, location.pathname], ["Feed", "/feed?page=1", "/feed"])
  assert.deepEqual([success.version, success.props.app, success.sharedProps], ["version-1", "Members", ["app"]])
})

test("a form that is refused shows why, and one that is not shows the change", async () => {
  const client = await open(app.origin, "/members")
  const refused = await client.visit("/members", { method: "post", data: { name: "" } })
  assert.deepEqual(refused.errors, { name: "can't be blank" })
  const taken = await client.visit("/members", { method: "post", data: { name: "Ada" } })
  assert.deepEqual([taken.errors, taken.flash], [undefined, { notice: "Welcome" }])
  assert.deepEqual(taken.success.props.members.map(({ name }) => name), ["Ada"])
  const [{ id }] = taken.success.props.members
  // PUT, answered with 302: only as 303 does it end as a GET of the list.
  const renamed = await client.visit(`/members/${id}`, { method: "put", data: { name: "Grace" } })
  assert.deepEqual(renamed.success.props.members, [{ id, name: "Grace" }])
  assert.deepEqual(renamed.success.flash, {})
})

test("errors of one of several forms are in its bag", async () => {
  const client = await open(app.origin, "/members")
  const { errors } = await client.visit("/members", { method: "post", data: {}, errorBag: "invite" })
  assert.deepEqual(errors, { name: "can't be blank" })
  assert.deepEqual(client.page.props.errors, { invite: { name: "can't be blank" } })
})

test("without the token of the session nothing is written", async () => {
  const client = await open(app.origin, "/members")
  document.cookie = "XSRF-TOKEN=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"
  const { success } = await client.visit("/members", { method: "post", data: { name: "Mallory" } })
  assert.deepEqual([success, client.exceptions], [undefined, [422]])
})

test("deferred props come in a request for each group, and one that fails is told", async () => {
  const client = await open(app.origin, "/dashboard")
  assert.deepEqual(client.page.deferredProps, { default: ["deferred"], charts: ["chart", "broken"] })
  const page = await client.until(({ props, rescuedProps }) => props.deferred && props.chart && rescuedProps.length)
  assert.deepEqual([page.props.deferred, page.props.chart, page.rescuedProps], [5, [6], ["broken"]])
  assert.deepEqual([page.props.lazy, page.props.always, "optional" in page.props], [3, 2, false])
})

test("partial reloads get what they name, and only parts of what they name parts of", async () => {
  const client = await open(app.origin, "/dashboard")
  await client.until(({ props }) => props.deferred && props.chart)
  let page = await client.reload({ only: ["optional"] })
  assert.deepEqual([page.props.optional, page.props.lazy, page.props.deferred], [4, 3, 5])
  page = await client.reload({ only: ["user.name"] })
  assert.deepEqual(page.props.user, { name: "ada", mail: "ada@example.com" })
  page = await client.reload({ except: ["user.mail"] })
  assert.deepEqual(page.props.user, { name: "ada", mail: "ada@example.com" })
})

test("merged props grow, at their end or their beginning, once for each item, and can be reset", async () => {
  const client = await open(app.origin, "/dashboard")
  await client.until(({ props }) => props.deferred && props.chart)
  let page = await client.reload({ only: ["news", "log", "tree"] })
  assert.deepEqual(page.props.news, [{ id: 1, name: "first" }])
  assert.deepEqual([page.props.log, page.props.tree.leaves], [["newest", "newest"], ["a", "a"]])
  page = await client.reload({ only: ["log"], reset: ["log"] })
  assert.deepEqual(page.props.log, ["newest"])
})

test("an infinite scroll goes on at the end that it is scrolled to", async () => {
  const client = await open(app.origin, "/feed")
  const more = (page, intent) =>
    client.reload({
      data: { page },
      only: ["items"],
      preserveUrl: true,
      headers: { "X-Inertia-Infinite-Scroll-Merge-Intent": intent },
    })
  assert.deepEqual(client.page.scrollProps.items, { pageName: "page", previousPage: 1, nextPage: 3, currentPage: 2, reset: false })
  let page = await more(3, "append")
  assert.deepEqual([page.props.items.data, page.scrollProps.items.nextPage], [[20, 21, 30, 31], null])
  page = await more(1, "prepend")
  assert.deepEqual(page.props.items.data, [10, 11, 20, 21, 30, 31])
})

test("what is kept comes once, and is there again on the way back", async () => {
  const client = await open(app.origin, "/dashboard")
  await client.until(({ props }) => props.deferred && props.chart)
  const { prop, expiresAt } = client.page.onceProps.plans
  assert.ok(prop === "plans" && expiresAt > Date.now())
  const { success } = await client.visit("/dashboard")
  assert.deepEqual(success.props.plans, ["free"])
})

test("assets that changed make the browser load the whole page", async () => {
  const client = await open(app.origin, "/members", (page) => (page.version = "version-0"))
  await client.visit("/feed?page=1")
  assert.deepEqual(client.locations, [`${app.origin}/feed?page=1`])
})

test("a redirect to another site is the browser's", async () => {
  const client = await open(app.origin, "/members")
  await client.visit("/away", { method: "post" })
  assert.deepEqual(client.locations, ["https://other.example/"])
})

test("a redirect keeps its fragment", async () => {
  const client = await open(app.origin, "/feed")
  client.visit("/anchor", { method: "post" })
  const page = await client.until(({ component }) => component === "Members/Index")
  assert.equal(page.url, "/members#new")
})

test("error pages are shown like any other", async () => {
  const client = await open(app.origin, "/members")
  await client.visit("/nowhere")
  assert.deepEqual([client.page.component, client.page.props.status], ["Errors/Show", 404])
})

test("pages loaded ahead are shown without another request", async () => {
  const client = await open(app.origin, "/members")
  const loaded = new Promise((done) => client.router.on("prefetched", done))
  client.router.prefetch("/feed?page=1", { method: "get" }, { cacheFor: "1h" })
  await loaded
  assert.deepEqual(client.requests, [`${app.origin}/feed?page=1`])
  client.router.visit("/feed?page=1")
  const page = await client.until(({ component }) => component === "Feed")
  assert.equal(page.url, "/feed?page=1")
  assert.equal(client.requests.length, 1)
})

test("history is encrypted, and its key forgotten at a logout", async () => {
  const client = await open(app.origin, "/members")
  const { success } = await client.visit("/secret")
  assert.equal(success.encryptHistory, true)
  const out = await client.visit("/logout", { method: "post" })
  assert.deepEqual([out.success.component, out.success.clearHistory], ["Members/Index", true])
})
