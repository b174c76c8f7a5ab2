// The example application, and a browser (as far as the client needs one) that has loaded a page of it.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { join, resolve } from "node:path"
import { GlobalRegistrator } from "@happy-dom/global-registrator"

const root = resolve(import.meta.dirname, "../../..")
const program = process.env.TRIFECTA_MEMBERS ?? join(root, "target/debug/examples/members")

export async function start() {
  const child = spawn(program, ["0"], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = await once(createInterface(child.stdout), "line")
  const origin = new URL(line.split(" ").at(-1)).origin
  return {
    origin,
    async stop() {
      await close()
      child.kill()
      await once(child, "exit")
    },
  }
}

/** Loads a page as a browser does, and starts the client on it. */
export async function open(origin, path, alter = () => {}) {
  await close()
  GlobalRegistrator.register({ url: origin + path })
  window.scrollTo = () => {}
  const requests = watchRequests()
  const response = await window.fetch(origin + path, { headers: { "Cache-Control": "no-cache" } })
  document.documentElement.innerHTML = await response.text()
  const page = JSON.parse(document.querySelector("script[data-page]").textContent)
  alter(page)
  // A fresh copy of the module for each page: the client is one for the whole of a document.
  const { router } = await import(`${import.meta.resolve("@inertiajs/core")}?${++pages}`)
  last = router
  const client = new Client(router, response, page, requests)
  router.init({
    initialPage: page,
    resolveComponent: (name) => name,
    swapComponent: async ({ page }) => client.show(page),
  })
  return client
}

/** Lets the requests of the last page end. Pages that it has loaded ahead would keep timers. */
async function close() {
  if (!GlobalRegistrator.isRegistered) return
  last?.flushAll()
  await window.happyDOM.waitUntilComplete()
  await GlobalRegistrator.unregister()
}

let pages = 0
let last

/** The addresses that the client asks for. None from happy-dom's cache, which takes HTML for JSON, whatever `Vary` says. */
function watchRequests() {
  const requests = []
  const { open } = XMLHttpRequest.prototype
  XMLHttpRequest.prototype.open = function (method, url, ...more) {
    requests.push(String(url))
    open.call(this, method, url, ...more)
    this.setRequestHeader("Cache-Control", "no-cache")
  }
  return requests
}

class Client {
  #waiting = []

  constructor(router, response, page, requests) {
    Object.assign(this, { router, response, page, requests, exceptions: [], locations: [] })
    router.on("httpException", ({ detail }) => {
      this.exceptions.push(detail.response.status)
    })
    // Another document: the browser would load it now.
    router.on("location", ({ detail }) => {
      this.locations.push(String(detail.url))
      return false
    })
  }

  show(page) {
    this.page = page
    this.#waiting = this.#waiting.filter((look) => !look())
  }

  /** Ends when the page that is shown is as expected. */
  until(expected) {
    return new Promise((done) => {
      const look = () => expected(this.page) && (done(this.page), true)
      if (!look()) this.#waiting.push(look)
    })
  }

  /** Ends with what became of the visit. */
  visit(path, options = {}) {
    return new Promise((done) => {
      const events = {}
      this.router.visit(path, {
        ...options,
        onSuccess: (page) => (events.success = page),
        onError: (errors) => (events.errors = errors),
        onFlash: (flash) => (events.flash = flash),
        // The last of them all: the page is shown by then.
        onFinish: () => done(events),
      })
    })
  }

  reload(options) {
    return new Promise((done) => this.router.reload({ ...options, onFinish: () => done(this.page) }))
  }
}
