import net from 'node:net'
import { listen } from './listen.ts'

/** Stands between the browsers and the cable. Counts connections, and can fall silent as a dead network does. */
export class CableProxy {
  /** Connections since the start. */
  accepted = 0
  target = 0
  private silent = false
  private readonly sockets = new Set<net.Socket>()
  private readonly server = net.createServer((client) => this.connect(client))

  start(): Promise<number> {
    return listen(this.server)
  }

  stop(): void {
    this.cut()
    this.server.close()
  }

  /** Nothing gets through any more, and nobody is told. */
  fallSilent(): void {
    this.silent = true
    this.sockets.forEach((socket) => socket.pause())
  }

  /** What was held back is lost, as are the connections. */
  recover(): void {
    this.silent = false
    this.cut()
  }

  /** Ends all connections. */
  cut(): void {
    this.sockets.forEach((socket) => socket.destroy())
  }

  private connect(client: net.Socket): void {
    this.accepted++
    const upstream = net.connect(this.target, '127.0.0.1')
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      this.sockets.add(from)
      from.setNoDelay()
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
      if (this.silent) from.pause()
    }
  }
}
