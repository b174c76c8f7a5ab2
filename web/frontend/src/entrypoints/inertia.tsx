import { createInertiaApp } from '@inertiajs/react'
import { StrictMode, type ComponentType } from 'react'
import { createRoot } from 'react-dom/client'
import { browserSession } from '../live/browser'
import { SessionContext } from '../live/context'
import '../styles/base.css'
import '../styles/plain.css'

interface PageModule {
  default: ComponentType<Record<string, unknown>>
}

const pages = import.meta.glob<PageModule>('../pages/**/*.tsx', { eager: true })

// Inertia injects a style element. Under a strict content security policy it needs
// the nonce that the server has put on this script.
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce

void createInertiaApp({
  ...(nonce ? { nonce } : {}),
  progress: { delay: 250, color: '#4f46e5', includeCSS: true, showSpinner: false },
  resolve: (name) => {
    const page = pages[`../pages/${name}.tsx`]
    if (!page) throw new Error(`There is no page named ${name}`)
    return page.default
  },
  setup({ el, App, props }) {
    if (!el) throw new Error('The document has no element for the app')
    const session = browserSession(props.initialPage)
    createRoot(el).render(
      <StrictMode>
        <SessionContext value={session}>
          <App {...props} />
        </SessionContext>
      </StrictMode>,
    )
  },
})
