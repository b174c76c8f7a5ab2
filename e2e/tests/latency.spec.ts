import { expect, test } from '../support/fixtures.ts'
import type { Tab } from '../support/tab.ts'

const CHANGES = 12

/** When the title first shows, by the clock that all tabs of one machine share. */
function whenShown(tab: Tab, title: string): Promise<number> {
  return tab.page.evaluate(
    (title) =>
      new Promise<number>((resolve) => {
        const look = () => {
          const labels = [...document.querySelectorAll('.todos-text')]
          if (labels.some(({ textContent }) => textContent === title)) resolve(performance.timeOrigin + performance.now())
        }
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
        // It may be there before this tab was asked to look.
        look()
      }),
    title,
  )
}

/** Presses Add from within the page, so that the way from here to there does not count. */
function pressAdd(tab: Tab): Promise<number> {
  return tab.add.evaluate((button: HTMLButtonElement) => {
    const now = performance.timeOrigin + performance.now()
    button.click()
    return now
  })
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

test('how long a change takes (a report: nothing is demanded)', async ({ visitor, newVisitor }) => {
  const tabs = await visitor.openTabs(3)
  const far = await (await newVisitor()).openTab()
  const leader = await visitor.leader()
  const [author, ...rest] = tabs.toSorted((a, b) => Number(a === leader) - Number(b === leader))
  const [near, away]: [number[], number[]] = [[], []]

  for (let i = 0; i < CHANGES; i++) {
    const title = `Change ${i}`
    const watching = [...rest, far].map((tab) => whenShown(tab, title))
    await author!.input.fill(title)
    const start = await pressAdd(author!)
    const times = (await Promise.all(watching)).map((shown) => shown - start)
    away.push(times.pop()!)
    near.push(Math.max(...times))
    await expect(author!.row(title)).toHaveAttribute('aria-busy', 'false')
  }
  const report = ([name, values]: [string, number[]]) =>
    `${name}: median ${median(values).toFixed(0)} ms, worst ${Math.max(...values).toFixed(0)} ms`
  const lines = ([['from a click to the last tab of the same browser', near], ['to another browser', away]] as [string, number[]][]).map(report)
  console.log(`    ${lines.join('; ')}`)
})
