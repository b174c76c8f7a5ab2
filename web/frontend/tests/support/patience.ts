/** Only a test that fails waits for so long. Some machines are slow, and do something else beside. */
export const PATIENCE_MS = 20_000
