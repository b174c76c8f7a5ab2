import type { Filter } from '../../src/todos/filter'
import type { Snapshot, Todo } from '../../src/types'

interface Request {
  method: string
  url: string
  data?: unknown
  headers?: Record<string, unknown>
  signal?: AbortSignal
}

interface Response {
  status: number
  data: string
  headers: Record<string, string>
}

/** `lost answer`: the change is made, but nobody hears of it. */
export type Fault = number | 'error page' | 'network' | 'lost answer'

/** The todo server behind Inertia's http client: it follows its own redirects, as a browser would. */
export class FakeServer {
  todos: Todo[] = []
  rev = 1
  epoch = 'db-1'
  fault: Fault | null = null
  private nextFault: Fault | null = null
  /** The address that the first page was asked for with. */
  filter: Filter = 'all'
  readonly requests: Pick<Request, 'method' | 'url' | 'data'>[] = []
  readonly keys: string[] = []
  private readonly known = new Set<string>()
  /** Answers wait here until the test lets them go. */
  private held: (() => void)[] | null = null
  private nextId = 1

  add(title: string, completed = false): Todo {
    const todo = { id: this.nextId++, title, completed, created_at: '2026-01-01T00:00:00Z' }
    this.todos = [todo, ...this.todos]
    this.rev++
    return todo
  }

  remove(title: string): void {
    this.change((todo) => (todo.title === title ? null : todo))
  }

  list(): Snapshot {
    return { todos: this.todos, rev: this.rev, epoch: this.epoch }
  }

  page(errors: Record<string, string> = {}, filter = this.filter) {
    const url = filter === 'all' ? '/todos' : `/todos?filter=${filter}`
    return { component: 'Todos/Index', props: { ...this.list(), filter, errors }, url, version: '1' }
  }

  hold(): void {
    this.held = []
  }

  /** What befalls the next request, and no other. */
  failNext(fault: Fault): void {
    this.nextFault = fault
  }

  release(): void {
    const held = this.held ?? []
    this.held = null
    held.forEach((go) => go())
  }

  /** Inertia's http client interface. The work is done at once, the answer may be held up. */
  request = async (request: Request): Promise<Response> => {
    const { method, url, data, headers = {} } = request
    const { pathname, search } = new URL(url)
    this.requests.push({ method, url: pathname + search, data })
    const key = headers['Idempotency-Key']
    if (typeof key === 'string') this.keys.push(key)
    const fault = this.nextFault ?? this.fault
    this.nextFault = null
    const answer = fault === null || fault === 'lost answer' ? this.perform(request) : this.fail(fault)
    if (this.held) await new Promise<void>((go) => this.held?.push(go))
    if (answer === 'network' || fault === 'lost answer') throw new Error('connection refused')
    return answer
  }

  private perform({ method, url, data, headers = {} }: Request): Response {
    const { pathname, searchParams } = new URL(url)
    const only = headers['X-Inertia-Partial-Data']
    const answer = (page: object) => inertia(200, page, only)
    if (method === 'get') return answer(this.page({}, (searchParams.get('filter') as Filter | null) ?? 'all'))

    const { todo = {} } = (data ?? {}) as { todo?: Partial<Todo> }
    const isAboutTitle = method === 'post' || todo.title !== undefined
    if (isAboutTitle && !todo.title?.trim()) return answer(this.page({ title: "can't be blank" }, 'all'))
    if (!this.knows(headers['Idempotency-Key'])) this.make(method, pathname, todo)
    return answer(this.page({}, 'all'))
  }

  private knows(key: unknown): boolean {
    if (typeof key !== 'string') return false
    const known = this.known.has(key)
    this.known.add(key)
    return known
  }

  private make(method: string, path: string, todo: Partial<Todo>): void {
    const id = Number(path.split('/')[2])
    if (method === 'post') this.add(todo.title!.trim(), todo.completed)
    else if (method === 'patch' && path === '/todos') this.change((each) => ({ ...each, ...todo }))
    else if (method === 'patch') this.change((each) => (each.id === id ? { ...each, ...todo } : each))
    else if (path === '/todos/completed') this.change((each) => (each.completed ? null : each))
    else this.change((each) => (each.id === id ? null : each))
  }

  private change(to: (todo: Todo) => Todo | null): void {
    this.rev++
    this.todos = this.todos.flatMap((todo) => to(todo) ?? [])
  }

  private fail(fault: Exclude<Fault, 'lost answer'>): Response | 'network' {
    if (fault === 'network') return fault
    if (fault !== 'error page') return { status: fault, data: '<h1>No</h1>', headers: { 'content-type': 'text/html' } }
    const props = { status: 500, title: 'Oh no', message: 'It broke', errors: {} }
    return inertia(500, { component: 'Errors/Show', props, url: '/todos', version: '1' })
  }
}

function inertia(status: number, page: object, only?: unknown): Response {
  const data = JSON.stringify(typeof only === 'string' ? partial(page as PageObject, only.split(',')) : page)
  return { status, data, headers: { 'x-inertia': 'true', 'content-type': 'application/json' } }
}

interface PageObject {
  props: Record<string, unknown>
}

function partial(page: PageObject, only: string[]): PageObject {
  const wanted = Object.entries(page.props).filter(([name]) => name === 'errors' || only.includes(name))
  return { ...page, props: Object.fromEntries(wanted) }
}
