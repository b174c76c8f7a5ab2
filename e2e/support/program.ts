import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { waitFor } from './wait.ts'

export const ROOT = path.resolve(import.meta.dirname, '../..')

/** A running process of the suite, and what it has written. */
export class Program {
  readonly lines: string[] = []
  private readonly child: ChildProcess
  private readonly ending: Promise<string>
  private ended = false

  constructor(
    readonly name: string,
    variables: Record<string, string>,
  ) {
    // Nothing of the surrounding environment: a PORT or RUST_LOG there must not matter.
    this.child = spawn(binary(name), { cwd: ROOT, env: variables, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.lines.push(line))
    }
    const killWithUs = () => this.child.kill('SIGKILL')
    process.on('exit', killWithUs)
    this.ending = new Promise((resolve) => {
      this.child.on('error', (error) => this.lines.push(String(error)))
      this.child.on('close', (code, signal) => {
        this.ended = true
        process.off('exit', killWithUs)
        resolve(signal ?? `exit code ${code}`)
      })
    })
  }

  /** The first line that contains `text`, as soon as there is one. */
  line(text: string): Promise<string> {
    return waitFor(`a line with ${text} from ${this.name}`, () => {
      const line = this.lines.find((line) => line.includes(text))
      if (!line && this.ended) throw new Error(`${this.name} ended without a line with ${text}:\n${this.lines.join('\n')}`)
      return line
    })
  }

  /** The port on which it listens, once it does. `kind` says which, where there are several. */
  async port(kind = 'address='): Promise<number> {
    const line = await this.line(kind)
    const port = /address="?127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (!port) throw new Error(`${this.name} named no port: ${line}`)
    return Number(port)
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ending
  }

  /** As an operator would. Returns how it ended. */
  async stop(): Promise<string> {
    this.child.kill('SIGTERM')
    return this.ending
  }
}

function binary(name: string): string {
  const given = process.env.TRIFECTA_BIN
  const folders = given ? [path.resolve(given)] : ['release', 'debug'].map((profile) => path.join(ROOT, 'target', profile))
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file))
  if (!found) throw new Error(`${name} is not built: run \`cargo build --release -p web -p worker -p cable\``)
  return found
}
