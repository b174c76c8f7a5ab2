import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { generate } from 'selfsigned'

/** Writes a certificate for 127.0.0.1 and its key to a folder, and returns the variables that name them. */
export async function certificateIn(folder: string): Promise<Record<string, string>> {
  const made = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const files = { TLS_CERTIFICATE: path.join(folder, 'certificate.pem'), TLS_PRIVATE_KEY: path.join(folder, 'key.pem') }
  writeFileSync(files.TLS_CERTIFICATE, made.cert)
  writeFileSync(files.TLS_PRIVATE_KEY, made.private, { mode: 0o600 })
  return files
}
