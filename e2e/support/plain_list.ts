import { expect, type Locator, type Page } from '@playwright/test'

/** The list as a browser without JavaScript shows it. Each click brings a new page. */
export class PlainList {
  readonly input: Locator
  readonly rows: Locator
  readonly field: Locator
  readonly alert: Locator

  constructor(readonly page: Page) {
    this.input = page.getByRole('textbox', { name: 'New todo' })
    this.rows = page.getByRole('list', { name: 'Todos' }).getByRole('listitem')
    this.field = page.getByRole('textbox', { name: 'Edit' })
    this.alert = page.getByRole('alert')
  }

  async add(title: string): Promise<void> {
    await this.input.fill(title)
    await this.input.press('Enter')
    await expect(this.row(title)).toBeVisible()
  }

  row(title: string): Locator {
    return this.rows.filter({ hasText: title })
  }

  async toggle(title: string): Promise<void> {
    await this.row(title).locator('.todos-text').click()
  }

  async edit(title: string): Promise<void> {
    await this.row(title).getByRole('link', { name: `Edit ${title}`, exact: true }).click()
  }

  async remove(title: string): Promise<void> {
    await this.row(title).getByRole('button', { name: `Delete ${title}`, exact: true }).click()
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button }).click()
  }

  async follow(link: string): Promise<void> {
    await this.page.getByRole('link', { name: link, exact: true }).click()
  }

  /** Exactly these, in this order, those that are done with their mark. */
  async shows(...titles: string[]): Promise<void> {
    const marked = titles.map((title) => (title.startsWith('☑') ? title : `☐ ${title}`))
    await expect(this.rows.locator('.todos-text')).toHaveText(marked)
  }
}
