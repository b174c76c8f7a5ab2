import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

interface Shown {
  page: Page
}

/** axe finds nothing, light or dark, wide or narrow, and nothing sticks out. */
export async function isAccessible(tab: Shown): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ colorScheme })
    await hasNoViolation(tab)
  }
  // A small telephone, and a usual window at 200 %, which leaves half of its pixels.
  await fits(tab, 320, 640)
  await hasNoViolation(tab)
  await fits(tab, 640, 400)
}

export async function hasNoViolation({ page }: Shown): Promise<void> {
  await standsStill(page)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(told).join(' ')}`)
  expect(found).toEqual([])
}

/** What fades in has, on its way, a contrast that nobody is meant to read by. */
async function standsStill(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0)
}

function told({ html, failureSummary = '' }: { html: string; failureSummary?: string }): string {
  return `${html} (${failureSummary})`
}

async function fits({ page }: Shown, width: number, height: number): Promise<void> {
  await page.setViewportSize({ width, height })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow, `pixels that stick out at ${width}`).toBeLessThanOrEqual(0)
}
