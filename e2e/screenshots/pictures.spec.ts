import path from 'node:path'
import { expect, test } from '../support/fixtures.ts'
import { ROOT } from '../support/program.ts'

const TODOS = [
  'Renew the library card',
  'Water the tomatoes on the balcony',
  'Send Maria the photos from the lake',
  'Book a table for Friday, 7 pm, four people',
  'Fix the squeaking kitchen door',
  'Buy coffee beans',
]
const DONE = ['Renew the library card', 'Fix the squeaking kitchen door']

const PICTURES = [
  { name: 'light', colorScheme: 'light', width: 880, height: 1080 },
  { name: 'dark', colorScheme: 'dark', width: 880, height: 1080 },
  { name: 'narrow', colorScheme: 'light', width: 390, height: 1180 },
] as const

for (const { name, colorScheme, width, height } of PICTURES) {
  test(name, async ({ visitor, client }) => {
    for (const title of TODOS) await client.create(title)
    const tab = await visitor.openTab()
    const { page } = tab
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await expect(tab.badge).toHaveText('Leader')
    await visitor.openTab()
    for (const title of DONE) await client.complete(title)
    await page.bringToFront()
    await tab.counts(TODOS.length, DONE.length, TODOS.length - DONE.length)
    await page.screenshot({ path: path.join(ROOT, 'docs/screenshots', `${name}.png`) })
  })
}
