export interface Todo {
  id: number
  title: string
  completed: boolean
}

interface Page {
  props: { todos: Todo[]; rev: number; epoch: string }
}

/** Somebody without a browser: plain requests with the cookies and the token that the page's client would send. */
export class Client {
  private cookies = new Map<string, string>()

  constructor(private readonly url: string) {}

  /** What the server has, newest first. */
  async list(): Promise<Todo[]> {
    const response = await fetch(`${this.url}/todos`, { headers: this.headers() })
    this.keepCookies(response)
    const json = /<script data-page="app" type="application\/json">(.*?)<\/script>/s.exec(await response.text())?.[1]
    if (!json) throw new Error(`No page in the answer (${response.status})`)
    return (JSON.parse(json) as Page).props.todos
  }

  async titles(): Promise<string[]> {
    return (await this.list()).map(({ title }) => title)
  }

  create(title: string): Promise<void> {
    return this.write('POST', '/todos', { todo: { title } })
  }

  async complete(title: string, completed = true): Promise<void> {
    await this.write('PATCH', `/todos/${await this.id(title)}`, { todo: { completed } })
  }

  async remove(title: string): Promise<void> {
    await this.write('DELETE', `/todos/${await this.id(title)}`)
  }

  async clear(): Promise<void> {
    // What the test before has sent last may come in between.
    while ((await this.list()).length > 0) {
      await this.write('PATCH', '/todos', { todo: { completed: true } })
      await this.write('DELETE', '/todos/completed')
    }
  }

  private async id(title: string): Promise<number> {
    const todo = (await this.list()).find((todo) => todo.title === title)
    if (!todo) throw new Error(`There is no todo ${title}`)
    return todo.id
  }

  private async write(method: string, path: string, body: object = {}): Promise<void> {
    if (this.cookies.size === 0) await this.list()
    const token = decodeURIComponent(this.cookies.get('XSRF-TOKEN') ?? '')
    const headers = { ...this.headers(), 'Content-Type': 'application/json', 'X-XSRF-TOKEN': token }
    const response = await fetch(this.url + path, { method, headers, body: JSON.stringify(body), redirect: 'manual' })
    this.keepCookies(response)
    if (response.status !== 303) throw new Error(`${method} ${path} was answered with ${response.status}: ${await response.text()}`)
  }

  private headers(): Record<string, string> {
    return { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
  }

  private keepCookies(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (name) this.cookies.set(name, value ?? '')
    }
  }
}
