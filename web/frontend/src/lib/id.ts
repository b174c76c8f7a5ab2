/**
 * Eight random hex digits. `crypto.randomUUID` would be shorter, but plain http
 * pages on a local network are not secure contexts and do not have it.
 */
export function shortId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(4))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
