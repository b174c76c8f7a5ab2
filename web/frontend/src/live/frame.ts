/**
 * Runs `task` once per frame at most, however often it is asked to. A hidden tab
 * draws no frames, so there it is a short delay.
 */
export function perFrame(task: () => void): { soon(): void; now(): void } {
  let cancel: (() => void) | null = null
  const run = () => {
    cancel?.()
    cancel = null
    task()
  }
  return {
    soon() {
      cancel ??= document.hidden ? later(run) : nextFrame(run)
    },
    now: run,
  }
}

/** The same with a delay of one's own, for what nobody is looking at. */
export function delayed(task: () => void, ms: () => number): { soon(): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null
  return {
    soon() {
      timer ??= setTimeout(() => {
        timer = null
        task()
      }, ms())
    },
    cancel() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}

const HIDDEN_MS = 50

function later(run: () => void): () => void {
  const timer = setTimeout(run, HIDDEN_MS)
  return () => clearTimeout(timer)
}

/** With a timer behind it: a tab may be hidden before its frame comes. */
function nextFrame(run: () => void): () => void {
  const frame = requestAnimationFrame(run)
  const stopTimer = later(run)
  return () => {
    cancelAnimationFrame(frame)
    stopTimer()
  }
}
