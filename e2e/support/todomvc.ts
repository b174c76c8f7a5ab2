import { expect, type Locator, type Page } from '@playwright/test'

/** The page through the class names and roles that all TodoMVC apps share. */
export class TodoMvc {
  readonly input: Locator
  readonly items: Locator
  readonly titles: Locator
  readonly count: Locator
  readonly toggleAll: Locator
  readonly clearCompleted: Locator
  readonly filters: Locator

  constructor(readonly page: Page) {
    this.input = page.locator('.new-todo')
    this.items = page.getByTestId('todo-item')
    this.titles = page.getByTestId('todo-title')
    this.count = page.getByTestId('todo-count')
    this.toggleAll = page.getByLabel('Mark all as complete')
    this.clearCompleted = page.locator('.clear-completed')
    this.filters = page.locator('.filters')
  }

  static async open(page: Page): Promise<TodoMvc> {
    const todos = new TodoMvc(page)
    await expect(todos.input).toBeVisible()
    return todos
  }

  /** Adds them so that they show in this order: the newest is the first. */
  async add(...titles: string[]): Promise<void> {
    for (const title of titles.toReversed()) {
      await this.input.fill(title)
      await this.input.press('Enter')
      await expect(this.item(title)).toHaveAttribute('aria-busy', 'false')
    }
  }

  item(title: string): Locator {
    return this.items.filter({ has: this.page.getByText(title, { exact: true }) })
  }

  toggle(title: string): Locator {
    return this.item(title).locator('.toggle')
  }

  async shows(...titles: string[]): Promise<void> {
    await expect(this.titles).toHaveText(titles)
  }

  filter(name: 'All' | 'Active' | 'Completed'): Locator {
    return this.filters.getByRole('link', { name, exact: true })
  }

  /** Opens the field of an item. */
  async edit(title: string): Promise<Locator> {
    await this.item(title).getByTestId('todo-title').dblclick()
    return this.page.getByRole('textbox', { name: 'Edit' })
  }
}
