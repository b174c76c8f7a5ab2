// Live validation with the client that Inertia's forms use.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { client } from "laravel-precognition"
import { open, start } from "./support.js"

let app

before(async () => {
  app = await start()
})

after(() => app.stop())

async function ask(data, only) {
  const page = await open(app.origin, "/members")
  const token = document.cookie.split("XSRF-TOKEN=")[1].split(";")[0]
  const answer = {}
  await client
    .post(`${app.origin}/members`, data, {
      precognitive: true,
      only,
      headers: { "X-XSRF-TOKEN": token },
      onPrecognitionSuccess: () => (answer.valid = true),
      onValidationError: ({ data }) => (answer.errors = data.errors),
    })
    .catch((error) => (answer.error = error.message))
  const { success } = await page.visit("/members")
  return { ...answer, members: success.props.members.length }
}

test("says what is wrong, and changes nothing", async () => {
  const { errors, members } = await ask({ name: " " }, ["name"])
  assert.deepEqual([errors, members], [{ name: "can't be blank" }, 0])
})

test("says that all is well, and changes nothing", async () => {
  const { valid, members } = await ask({ name: "Ada" }, ["name"])
  assert.deepEqual([valid, members], [true, 0])
})
