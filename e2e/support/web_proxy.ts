import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from './listen.ts'

/**
 * What befalls a request: an answer that is not the server's, a connection that breaks before the server
 * hears of it, or one that breaks before the answer is back.
 */
export type Fault = { answer: number } | 'drop' | 'drop answer'

interface Seen {
  method: string
  /** Of the server's answer. */
  status?: number | undefined
  /** Its connection ended before it was answered. */
  lost?: boolean
}

/** Stands between the browsers and the web process, and breaks or holds the requests that a test names. */
export class WebProxy {
  target = 0
  private readonly faults = new Map<string, { fault: Fault; left: number }>()
  private readonly gates = new Map<string, Promise<void>>()
  /** Since `behave`: what is still under way then is noted where nobody looks any more. */
  private seen: Seen[] = []
  private readonly server = http.createServer((request, response) => void this.handle(request, response))

  start(): Promise<number> {
    // Else a connection could end just as its next request is on its way.
    this.server.keepAliveTimeout = 0
    return listen(this.server)
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }

  /** From now on, what happens to requests with this method, or to the next ones. */
  fail(method: string, fault: Fault, times = Infinity): void {
    this.faults.set(method, { fault, left: times })
  }

  /** Requests with this method wait until the returned function is called. */
  hold(method: string): () => void {
    return this.close(method)
  }

  /** The server hears of requests with this method, but its answers wait until the returned function is called. */
  holdAnswers(method: string): () => void {
    return this.close(`answers to ${method}`)
  }

  /** How many requests with this method came since `behave`. */
  count(method: string): number {
    return this.seen.filter((seen) => seen.method === method).length
  }

  /** How many requests with this method the server has answered since `behave`, or has answered so. */
  answered(method: string, status?: number): number {
    const answered = this.seen.filter((seen) => seen.method === method && seen.status !== undefined)
    return answered.filter((seen) => (status ?? seen.status) === seen.status).length
  }

  /** How many requests with this method have lost their connection before their answer since `behave`, by whomever. */
  unanswered(method: string): number {
    return this.seen.filter((seen) => seen.method === method && seen.lost).length
  }

  /** No faults, and everything forgotten. */
  behave(): void {
    this.faults.clear()
    this.gates.clear()
    this.seen = []
  }

  private close(gate: string): () => void {
    let release = () => {}
    this.gates.set(gate, new Promise((resolve) => (release = resolve)))
    return () => {
      this.gates.delete(gate)
      release()
    }
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? ''
    const seen: Seen = { method }
    this.seen.push(seen)
    response.on('close', () => (seen.lost = !response.writableEnded))
    const fault = this.takeFault(method)
    await this.gates.get(method)
    // Who asked has given up meanwhile.
    if (request.destroyed) return
    if (fault === 'drop') request.socket.destroy()
    else if (typeof fault === 'object') answer(request, response, fault.answer)
    else this.forward(request, response, seen, fault === 'drop answer')
  }

  private takeFault(method: string): Fault | undefined {
    const planned = this.faults.get(method)
    return planned && planned.left-- > 0 ? planned.fault : undefined
  }

  private forward(request: IncomingMessage, response: ServerResponse, seen: Seen, dropAnswer: boolean): void {
    const { method = '', url: path, headers } = request
    const hangUp = () => request.socket.destroy()
    // A connection of its own: the server may end one that is kept just as it is used again.
    const options = { host: '127.0.0.1', port: this.target, method, path, headers, agent: false }
    const upstream = http.request(options, (reply) => {
      // Browsers fetch the icon whenever they like.
      if (path !== '/icon.svg') seen.status = reply.statusCode
      if (dropAnswer) return hangUp()
      void (this.gates.get(`answers to ${method}`) ?? Promise.resolve()).then(() => {
        response.writeHead(reply.statusCode ?? 502, reply.headers)
        reply.pipe(response)
      })
    })
    upstream.on('error', hangUp)
    request.pipe(upstream)
  }
}

function answer(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume()
  response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Not today</h1>')
}
