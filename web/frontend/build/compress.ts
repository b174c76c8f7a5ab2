import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as zlib from 'node:zlib'

/** Below this the headers of the answer weigh more than what is saved. */
const SMALLEST = 1000

type Encode = (data: Buffer) => Buffer

// Only what depends on the data alone: equal sources give equal files, wherever they are built.
const ENCODINGS: Record<string, Encode> = {
  br: (data) =>
    zlib.brotliCompressSync(data, {
      params: {
        [zlib.constants.BROTLI_PARAM_QUALITY]: zlib.constants.BROTLI_MAX_QUALITY,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    }),
  gz: (data) => zlib.gzipSync(data, { level: zlib.constants.Z_BEST_COMPRESSION }),
  ...zstd(),
}

/** Writes `name.br`, `name.gz` and, where this Node has it, `name.zst` beside each file. */
export async function compressFiles(folder: string, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => compressFile(path.join(folder, name))))
}

async function compressFile(file: string): Promise<void> {
  const data = await readFile(file)
  if (data.length <= SMALLEST) return
  for (const [extension, encode] of Object.entries(ENCODINGS)) {
    const encoded = encode(data)
    if (encoded.length < data.length) await writeFile(`${file}.${extension}`, encoded)
  }
}

/** Node has it from 22.15 on. */
function zstd(): Record<string, Encode> {
  const { zstdCompressSync, constants } = zlib as typeof zlib & {
    zstdCompressSync?: (data: Buffer, options: { params: Record<number, number> }) => Buffer
    constants: { ZSTD_c_compressionLevel: number }
  }
  if (!zstdCompressSync) return {}
  const params = { [constants.ZSTD_c_compressionLevel]: 19 }
  return { zst: (data) => zstdCompressSync(data, { params }) }
}
