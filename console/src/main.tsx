import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from './api/problem'
import { router } from './routes'
import { applyPreferences } from './shell/preferences'
import './styles/tokens.css'
import './styles/base.css'
import './styles/ui.css'
import './styles/shell.css'
import './styles/pages.css'
import './styles/rules.css'
import './styles/low.css'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The feed says when something is stale.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
      retry: (attempts, error) => error instanceof Problem && (error.isOffline || error.status === 503) && attempts < 2,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

/** Gets the other pages before somebody asks for them, so that they are there when the server is not. */
function preloadPages() {
  for (const route of Object.values(router.routesById)) void router.loadRouteChunk(route)
}

applyPreferences()
addEventListener('load', () => setTimeout(preloadPages, 1_000))
const place = document.querySelector('#root')
if (!place) throw new Error('index.html has no #root')
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
