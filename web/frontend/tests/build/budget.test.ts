import { expect, it } from 'vitest'
import { budget } from '../../build/plugins'

type Output = { type: 'chunk'; code: string } | { type: 'asset'; source: string }

/** What the build says of these files: the report, and whether it goes on. */
function judge(kilobytes: number, bundle: Output[]): { failed: boolean; report: string } {
  const said = { failed: false, report: '' }
  const build = {
    ...budget(kilobytes),
    info: (report: string) => (said.report = report),
    error: (report: string) => {
      throw new Error(report)
    },
  } as unknown as { generateBundle(options: object, bundle: object): void }
  try {
    build.generateBundle({}, Object.fromEntries(bundle.map((output, index) => [`file-${index}`, output])))
  } catch (error) {
    return { failed: true, report: (error as Error).message }
  }
  return said
}

/** So much text that no compression makes it smaller than that. */
function noise(bytes: number): string {
  let seed = 1
  const next = () => String.fromCharCode(33 + ((seed = (seed * 48_271) % 2_147_483_647) % 90))
  return Array.from({ length: bytes }, next).join('')
}

it('the build fails when all scripts together are too large', () => {
  const scripts: Output[] = [0, 1].map(() => ({ type: 'chunk', code: noise(10_000) }))
  expect(judge(20, scripts)).toMatchObject({ failed: false })
  const { failed, report } = judge(15, scripts)
  expect(failed).toBe(true)
  expect(report).toMatch(/^scripts: 1\d\.\d kB gzip of 15 kB$/)
})

it('what is no script does not count', () => {
  expect(judge(1, [{ type: 'asset', source: noise(10_000) }])).toEqual({ failed: false, report: 'scripts: 0.0 kB gzip of 1 kB' })
})
