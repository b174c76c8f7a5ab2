import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from '../support/fixtures.ts'
import type { Tab } from '../support/tab.ts'

test.use({ expectedErrors: [/^Failed to load resource.*404/] })

async function hasNoViolation(tab: Tab): Promise<void> {
  const { violations } = await new AxeBuilder({ page: tab.page }).analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  expect(found).toEqual([])
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing to complain about, ${colorScheme}`, async ({ tab, client }) => {
    await tab.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await hasNoViolation(tab)

    await tab.create('Done')
    await tab.toggle('Done')
    await client.create('A title so long that it has to be broken somewhere '.repeat(4).trim())
    await expect(tab.rows).toHaveCount(2)
    await tab.input.fill(' ')
    await tab.add.click()
    await expect(tab.alert).toBeVisible()
    await hasNoViolation(tab)

    await tab.page.getByRole('button', { name: 'Hide' }).click()
    await tab.page.setViewportSize({ width: 360, height: 700 })
    await hasNoViolation(tab)
    const overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow, 'pixels that stick out').toBeLessThanOrEqual(0)
  })
}

test('axe finds nothing to complain about on the page for what is not there', async ({ tab, suite }) => {
  await tab.page.goto(`${suite.url}/nowhere`)
  await expect(tab.page.getByRole('heading', { level: 1 })).toBeVisible()
  // axe takes what is behind a page without a background to be white.
  await tab.page.addStyleTag({ content: 'html { background: Canvas }' })
  await hasNoViolation(tab)
  await tab.page.emulateMedia({ colorScheme: 'dark' })
  await hasNoViolation(tab)
})
