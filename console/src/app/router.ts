/** Addresses of the console: the frame's own pages and those the features bring. */
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'
import { useSession } from '@/shared/session/session'
import { loadTexts, say } from './i18n'
import { modules } from './modules'

type Loader = () => Promise<unknown>

/** The icons of the pages, once; a missing picture must not keep anybody from a page. */
const loadIcons = (): Promise<unknown> => import('virtual:page-icons').catch(() => undefined)

/** A page comes together with its icons and the texts of its feature and of those it borrows from. */
function withTexts(features: readonly string[], route: RouteRecordRaw): RouteRecordRaw {
  const load = route.component as Loader
  return { ...route, component: async () => (await Promise.all([load(), loadIcons(), loadTexts(features)]))[0] } as RouteRecordRaw
}

/** The first page of the sidebar that the user may see. */
function firstAllowed(): string {
  const session = useSession()
  return modules.find((module) => module.nav && session.can(module.permission))?.nav?.to ?? '/not-allowed'
}

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory('/'),
    routes: [
      { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { isPublic: true, titleKey: 'login.title' } },
      {
        path: '/',
        component: () => import('./AppShell.vue'),
        children: [
          // Where this leads is known only when the session is: see beforeEach.
          { path: '', name: 'home', component: () => import('./pages/NotAllowedPage.vue') },
          { path: 'not-allowed', name: 'not-allowed', component: () => import('./pages/NotAllowedPage.vue'), meta: { titleKey: 'notAllowed.title' } },
          ...modules.flatMap((module) => module.routes.map((route) => withTexts([module.id, ...(module.borrows ?? [])], route))),
          { path: ':unknown(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue'), meta: { titleKey: 'notFound.title' } },
        ],
      },
    ],
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  })

  router.beforeEach(async (to) => {
    const session = useSession()
    if (!session.isKnown) await session.restore().catch(() => session.forget())
    if (to.meta.isPublic) return session.isSignedIn && to.name === 'login' ? { path: firstAllowed() } : true
    if (!session.isSignedIn) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
    if (to.name === 'home') return { path: firstAllowed(), replace: true }
    if (session.duty !== null && to.name !== 'security') return { name: 'security' }
    if (!session.can(to.meta.permission)) return { name: 'not-allowed', query: { permission: [to.meta.permission ?? ''].flat().join(', ') } }
    return true
  })

  router.afterEach((to) => {
    const name = to.meta.titleKey ? `${say(to.meta.titleKey)} · ` : ''
    document.title = `${name}${say('app.name')}`
  })
  return router
}
