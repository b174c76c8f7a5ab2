import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compressFiles } from '../../build/compress'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'compress-'))
})

afterEach(() => rm(folder, { recursive: true }))

const put = (name: string, data: string | Buffer) => writeFile(path.join(folder, name), data)
const get = (name: string) => readFile(path.join(folder, name))

describe('compressFiles', () => {
  it('writes the same content in every encoding', async () => {
    const text = 'let a = 1;\n'.repeat(200)
    await put('app.js', text)
    await compressFiles(folder, ['app.js'])
    expect(brotliDecompressSync(await get('app.js.br')).toString()).toBe(text)
    expect(gunzipSync(await get('app.js.gz')).toString()).toBe(text)
    expect((await get('app.js.br')).length).toBeLessThan(text.length)
  })

  it('leaves alone what is small or does not get smaller', async () => {
    await put('small.js', 'x'.repeat(1000))
    await put('noise.bin', crypto.getRandomValues(Buffer.alloc(2000)))
    await compressFiles(folder, ['small.js', 'noise.bin'])
    expect((await readdir(folder)).sort()).toEqual(['noise.bin', 'small.js'])
  })

  it('makes the same file from the same data', async () => {
    for (const name of ['a.css', 'b.css']) await put(name, '.x { color: red }\n'.repeat(100))
    await compressFiles(folder, ['a.css', 'b.css'])
    for (const encoding of ['br', 'gz']) expect(await get(`a.css.${encoding}`)).toEqual(await get(`b.css.${encoding}`))
  })
})
