import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'
import { openTab, test as plainTest } from '../support/plain_fixtures.ts'
import { TodoMvc } from '../support/todomvc.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

const NOTE_VIOLATIONS = `
  window.violations = []
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
    violations.push([violatedDirective, blockedURI, sample].join(' ')))
`

function violations(page: Page): Promise<string[]> {
  return page.evaluate('violations')
}

test('every script and style bears the nonce of its page, which is new each time', async ({ tab, suite }) => {
  const nonces = []
  for (let i = 0; i < 2; i++) {
    const response = await fetch(`${suite.url}/todos`)
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /script-src [^;]*'nonce-([^']+)'/.exec(policy)?.[1]
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`)
    const tags = (await response.text()).match(/<(script|style|link rel="(stylesheet|modulepreload)")[^>]*>/g) ?? []
    const bare = tags.filter((tag) => !tag.includes(`nonce="${nonce}"`) && !tag.includes('application/json'))
    expect(tags.length).toBeGreaterThan(3)
    expect(bare).toEqual([])
    nonces.push(nonce)
  }
  expect(new Set(nonces).size).toBe(2)
  await tab.isLive()
})

test.describe('what somebody else has put into the page', () => {
  test.use({ expectedErrors: [/Content Security Policy/] })

  test('does not run', async ({ tab }) => {
    await tab.page.evaluate(NOTE_VIOLATIONS)
    await tab.page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'window.injected = true'
      document.body.append(script)
      document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.injected = true">')
      document.body.insertAdjacentHTML('beforeend', '<button type="button" onclick="window.injected = true">Win</button>')
    })
    await tab.page.getByRole('button', { name: 'Win' }).click()
    await expect.poll(async () => (await violations(tab.page)).length).toBe(3)
    expect(await tab.page.evaluate('window.injected')).toBeUndefined()
  })
})

test('a usual session breaks no rule, with progress bar, notices, editing and filters', async ({ visitor, client, suite }) => {
  await visitor.context.addInitScript(NOTE_VIOLATIONS)
  const tab = await visitor.openTab()
  const todos = await TodoMvc.open(tab.page)
  const release = suite.webProxy.hold('POST')
  await todos.input.fill('Slow')
  await todos.input.press('Enter')
  await expect(tab.page.locator('#nprogress .bar')).toHaveCSS('background-color', 'rgb(79, 70, 229)')
  release()
  await expect(todos.item('Slow')).toHaveAttribute('aria-busy', 'false')

  const field = await todos.edit('Slow')
  await field.fill('Quick')
  await field.press('Enter')
  await todos.shows('Quick')
  await client.create('Theirs')
  await todos.shows('Theirs', 'Quick')
  suite.webProxy.fail('DELETE', { answer: 500 })
  await tab.remove('Theirs')
  await expect(tab.alert).toBeVisible()
  await todos.filter('Completed').click()
  await expect(todos.filters.locator('.selected')).toHaveText('Completed')
  expect(await violations(tab.page)).toEqual([])
})

test('a long list, of which only a part is drawn, breaks no rule', async ({ visitor, client }) => {
  for (let i = 1; i <= 210; i++) await client.create(`Todo ${i}`)
  await visitor.context.addInitScript(NOTE_VIOLATIONS)
  const tab = await visitor.openTab()
  await tab.page.evaluate(() => window.scrollBy(0, 4_000))
  await expect(tab.row('Todo 140')).toBeVisible()
  expect(await violations(tab.page)).toEqual([])
})

test('the error page breaks no rule', async ({ visitor, suite }) => {
  await visitor.context.addInitScript(NOTE_VIOLATIONS)
  const page = await visitor.context.newPage()
  const response = await page.goto(`${suite.url}/nowhere`)
  expect(response?.headers()['content-security-policy']).toContain("script-src 'self'")
  await expect(page.getByText('404').first()).toHaveCSS('font-weight', '700')
  expect(await violations(page)).toEqual([])
})

test('a page that is loaded again, or gone back to, runs', async ({ visitor, suite }) => {
  await visitor.context.addInitScript(NOTE_VIOLATIONS)
  const tab = await visitor.openTab()
  // The first document had no session yet. The next one is kept, and found to be good.
  for (let round = 0; round < 2; round++) {
    await tab.page.reload()
    await tab.isLive()
  }
  expect(suite.webProxy.answered('GET', 304)).toBeGreaterThan(0)
  await tab.page.goto('about:blank')
  await tab.page.goBack()
  await tab.isLive()
  await tab.create('It works')
  expect(await violations(tab.page)).toEqual([])
})

plainTest('a page that the back/forward cache brings back runs on', async ({ chromium, suite, client }) => {
  const tab = await openTab(chromium, suite.url, NOTE_VIOLATIONS)
  await tab.evaluate('window.sameDocument = true')
  await tab.goTo('about:blank')
  await expect.poll(() => tab.evaluate('location.href')).toBe('about:blank')
  await client.create('Meanwhile')
  await tab.goBack()
  await expect.poll(() => tab.evaluate('window.sameDocument')).toBe(true)
  await expect.poll(() => tab.titles()).toEqual(['Meanwhile'])
  expect(await tab.evaluate('violations')).toEqual([])
})
