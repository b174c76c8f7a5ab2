/**
 * The second click of a double click is for what the first was for. Where that has made room for something else, such
 * as the next row, it is for nobody. Returns what undoes it.
 */
export function guardDoubleClicks(): () => void {
  let meant: Element | null = null
  let astray = false

  const click = (event: MouseEvent) => {
    const hit = controlAt(event.target)
    // Clicks by keyboard, and those of programs, are not counted.
    astray = event.detail > 1 && hit !== meant
    meant = hit
    if (astray) discard(event)
  }
  const doubleClick = (event: MouseEvent) => {
    if (astray) discard(event)
  }

  // Before React hears of it.
  document.addEventListener('click', click, true)
  document.addEventListener('dblclick', doubleClick, true)
  return () => {
    document.removeEventListener('click', click, true)
    document.removeEventListener('dblclick', doubleClick, true)
  }
}

/** What a click here works. A label works what it names. */
function controlAt(target: EventTarget | null): Element | null {
  const control = target instanceof Element ? (target.closest('button, input, a, label') ?? target) : null
  return control instanceof HTMLLabelElement ? (control.control ?? control) : control
}

function discard(event: Event): void {
  event.preventDefault()
  event.stopPropagation()
}
