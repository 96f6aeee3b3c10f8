/** Start of the console: plugins, session, and the one answer to an outdated tab. */
import '@/design/main.css'
import ui from '@nuxt/ui/vue-plugin'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { whenSignedOut } from '@/shared/http/client'
import { toProblem } from '@/shared/http/problems'
import { usePreferences } from '@/shared/session/preferences'
import { useSession } from '@/shared/session/session'
import App from './App.vue'
import { answerDemands } from './demands'
import { i18n, useLanguage } from './i18n'
import { makeRouter } from './router'

const RETRIES_MAX = 2
const FRESH_MS = 15_000

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      refetchOnWindowFocus: false,
      retry: (count, error) => toProblem(error).isTemporary && count < RETRIES_MAX,
    },
  },
})

// A tab opened before an upgrade asks for files that are gone: load the new console, once.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('khaywe:reloaded') ?? 0)
  if (Date.now() - last < 60_000) return
  event.preventDefault()
  sessionStorage.setItem('khaywe:reloaded', String(Date.now()))
  window.location.reload()
})

const app = createApp(App)
app.use(createPinia())
app.use(i18n)
await useLanguage(usePreferences().language)

const router = makeRouter()
const session = useSession()
whenSignedOut(() => {
  if (!session.isSignedIn) return
  session.forget()
  queries.clear()
  const here = router.currentRoute.value
  void router.push({ name: 'login', query: { next: here.fullPath, reason: 'expired' } })
})

answerDemands(router)
app.use(router)
app.use(VueQueryPlugin, { queryClient: queries })
app.use(ui)
app.mount('#app')
