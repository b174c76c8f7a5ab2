import type { Snapshot, Todo } from '../../src/types'

interface Request {
  method: string
  url: string
  data?: unknown
}

interface Response {
  status: number
  data: string
  headers: Record<string, string>
}

export type Fault = number | 'error page' | 'network'

/** The todo server behind Inertia's http client: it follows its own redirects, as a browser would. */
export class FakeServer {
  todos: Todo[] = []
  rev = 1
  epoch = 'db-1'
  fault: Fault | null = null
  readonly requests: Request[] = []
  /** Answers wait here until the test lets them go. */
  private held: (() => void)[] | null = null
  private nextId = 1

  add(title: string, completed = false): Todo {
    const todo = { id: this.nextId++, title, completed, created_at: '2026-01-01T00:00:00Z' }
    this.todos = [todo, ...this.todos]
    this.rev++
    return todo
  }

  list(): Snapshot {
    return { todos: this.todos, rev: this.rev, epoch: this.epoch }
  }

  page(errors: Record<string, string> = {}) {
    return { component: 'Todos/Index', props: { ...this.list(), errors }, url: '/todos', version: '1' }
  }

  hold(): void {
    this.held = []
  }

  release(): void {
    const held = this.held ?? []
    this.held = null
    held.forEach((go) => go())
  }

  /** Inertia's http client interface. The work is done at once, the answer may be held up. */
  request = async (request: Request): Promise<Response> => {
    const { method, url, data } = request
    this.requests.push({ method, url: new URL(url).pathname, data })
    const answer = this.fault === null ? this.perform(request) : this.fail(this.fault)
    if (this.held) await new Promise<void>((go) => this.held?.push(go))
    if (answer === 'network') throw new Error('connection refused')
    return answer
  }

  private perform({ method, url, data }: Request): Response {
    const id = Number(new URL(url).pathname.split('/')[2])
    const { todo = {} } = (data ?? {}) as { todo?: Partial<Todo> }
    if (method === 'post') {
      if (!todo.title?.trim()) return inertia(200, this.page({ title: "can't be blank" }))
      this.add(todo.title.trim())
    } else if (method !== 'get') {
      this.rev++
      this.todos = this.todos.flatMap((each) => {
        if (each.id !== id) return each
        return method === 'delete' ? [] : { ...each, ...todo }
      })
    }
    return inertia(200, this.page())
  }

  private fail(fault: Fault): Response | 'network' {
    if (fault === 'network') return fault
    if (fault !== 'error page') return { status: fault, data: '<h1>No</h1>', headers: { 'content-type': 'text/html' } }
    const props = { status: 500, title: 'Oh no', message: 'It broke', errors: {} }
    return inertia(500, { component: 'Errors/Show', props, url: '/todos', version: '1' })
  }
}

function inertia(status: number, page: object): Response {
  return { status, data: JSON.stringify(page), headers: { 'x-inertia': 'true', 'content-type': 'application/json' } }
}
