import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client } from '../support/client.ts'
import { expect, test } from '../support/fixtures.ts'
import { ROOT } from '../support/program.ts'
import { Suite } from '../support/suite.ts'
import { Visitor } from '../support/visitor.ts'

/** A build of the page in which StrictMode runs each effect twice. Returns where it is. */
async function build(): Promise<string> {
  const outDir = mkdtempSync(path.join(tmpdir(), 'development-'))
  const env = { ...process.env, NODE_ENV: 'development' }
  const options = ['vite', 'build', '--mode', 'development', '--outDir', outDir, '--emptyOutDir']
  await promisify(execFile)('npx', options, { cwd: path.join(ROOT, 'web/frontend'), env })
  return outDir
}

test('in a development build, with StrictMode, one tab leads and nothing is complained about', async ({ browser }) => {
  const assets = await build()
  const suite = await Suite.start(assets)
  const visitor = new Visitor(await browser.newContext(), suite.url)
  const [leader, follower] = await visitor.openTabs(2)
  await new Client(suite.url).create('News')
  for (const tab of [leader!, follower!]) await tab.shows('News')
  await follower!.create('More news')
  await leader!.shows('More news', 'News')

  await expect(leader!.logged('Became leader')).toHaveCount(1)
  await visitor.close(leader!)
  await expect(follower!.badge).toHaveText('Leader')
  await expect(follower!.logged('Became leader')).toHaveCount(1)
  await expect.poll(() => suite.cableSockets()).toBe(1)
  await expect.poll(() => visitor.openSockets()).toBe(1)
  expect(visitor.errors).toEqual([])

  await visitor.context.close()
  await suite.stop()
  rmSync(assets, { recursive: true })
})
