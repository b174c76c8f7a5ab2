// A cable process on files of its own, behind a proxy that cuts connections, and a program that broadcasts as Rails does.
import { spawn } from "node:child_process"
import { createHmac } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { WebSocket } from "ws"

const root = resolve(import.meta.dirname, "../../..")
const bin = process.env.TRIFECTA_BIN ?? join(root, "target/debug")
export const origin = "http://127.0.0.1:3000"
const patience = 20_000

export const SECRET_KEY_BASE = "0123456789abcdef".repeat(8)
export const ANYCABLE_SECRET = "qwerty"

/** A browser's socket, from a page of the application. */
export class PageSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { origin })
  }
}

/** Asks until the answer is true. Only a failing test waits long. */
export async function until(what, ask) {
  const start = Date.now()
  while (!(await ask())) {
    if (Date.now() - start > patience) throw new Error(`waited in vain for ${what}`)
    await new Promise((done) => setTimeout(done, 5))
  }
}

export class Cable {
  #folder = mkdtempSync(join(tmpdir(), "cable-"))
  #variables
  #process
  #port
  #proxy
  #rails
  #answers
  #sockets = new Set()
  #open = true

  static async start(variables = {}) {
    const cable = new Cable()
    cable.#variables = {
      APP_ENV: "production",
      STORAGE_DIR: cable.#folder,
      SECRET_KEY_BASE,
      CABLE_PORT: "0",
      ALLOWED_ORIGINS: origin,
      // A stock client takes a silent connection for dead, and the tests have it do so soon.
      CABLE__SERVER__PING_INTERVAL: "0.2",
      ...variables,
    }
    await cable.#launch()
    cable.#rails = spawn(join(bin, "cable_rails"), [join(cable.#folder, "production_cable.sqlite3")], {
      stdio: ["pipe", "pipe", "inherit"],
    })
    cable.#answers = createInterface({ input: cable.#rails.stdout })[Symbol.asyncIterator]()
    cable.#proxy = createServer((client) => cable.#pass(client)).listen(0, "127.0.0.1")
    await once(cable.#proxy, "listening")
    return cable
  }

  get url() {
    return `ws://127.0.0.1:${this.#proxy.address().port}/cable`
  }

  get http() {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Commits a message; `message` is any JSON. */
  async broadcast(stream, message) {
    this.#rails.stdin.write(`${JSON.stringify({ stream, payload: JSON.stringify(message) })}\n`)
    const answer = await this.#answers.next()
    if (answer.value !== "done") throw new Error("the message was not committed")
  }

  /** Breaks all connections, as a network does. */
  cut() {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Breaks all connections, and lets none through until `reopen`. */
  close() {
    this.#open = false
    this.cut()
  }

  reopen() {
    this.#open = true
  }

  /** Ends the process and starts another one. */
  async restart(signal) {
    const ended = once(this.#process, "exit")
    this.#process.kill(signal)
    await ended
    await this.#launch()
  }

  async stop() {
    this.close()
    this.#proxy.close()
    const ended = [once(this.#process, "exit"), once(this.#rails, "exit")]
    this.#process.kill("SIGKILL")
    this.#rails.stdin.end()
    await Promise.all(ended)
    rmSync(this.#folder, { recursive: true })
  }

  async #launch() {
    this.#process = spawn(join(bin, "cable"), [], {
      cwd: root,
      env: this.#variables,
      stdio: ["ignore", "pipe", "pipe"],
    })
    let said = ""
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        said += text
      })
    }
    const address = () => said.match(/address="?127\.0\.0\.1:(\d+)\D/)
    await until("the cable to listen", () => {
      if (this.#process.exitCode !== null) throw new Error(said)
      return address()
    })
    this.#port = Number(address()[1])
  }

  #pass(client) {
    if (!this.#open) return client.destroy()
    const server = connect(this.#port, "127.0.0.1")
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}

/** As `Turbo.signed_stream_verifier` of Rails and AnyCable's `streams_secret` sign. */
export function signed(key, name) {
  const text = Buffer.from(JSON.stringify(name)).toString("base64")
  return `${text}--${createHmac("sha256", key).update(text).digest("hex")}`
}

/** A JSON Web Token of AnyCable. */
export function token(identifiers, secret = ANYCABLE_SECRET) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const expires = Math.floor(Date.now() / 1000) + 600
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ext: JSON.stringify(identifiers), exp: expires })}`
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`
}
