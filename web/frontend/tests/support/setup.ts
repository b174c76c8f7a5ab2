import { configure } from '@testing-library/dom'
import { afterEach, vi } from 'vitest'
import { PATIENCE_MS } from './patience'

configure({ asyncUtilTimeout: PATIENCE_MS })

afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  if (typeof document === 'undefined') return
  const { cleanup } = await import('@testing-library/react')
  cleanup()
})
