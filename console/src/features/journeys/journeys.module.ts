/** Journeys among the features. */
import { defineModule } from '@/shared/modules/module'

const PALETTE_HITS = 5

export default defineModule({
  id: 'journeys',
  permission: 'journeys.view',
  borrows: ['customers'],
  nav: { labelKey: 'journeys.title', icon: 'i-lucide-workflow', to: '/journeys', order: 45 },
  routes: [
    { path: 'journeys', name: 'journeys', component: () => import('./views/JourneysPage.vue'), meta: { titleKey: 'journeys.title' } },
    { path: 'journeys/new', name: 'journey-new', component: () => import('./views/NewJourneyPage.vue'), meta: { titleKey: 'journeys.create', permission: 'journeys.change' } },
    { path: 'journeys/:id', name: 'journey', component: () => import('./views/JourneyPage.vue'), meta: { titleKey: 'journeys.title' } },
    { path: 'journeys/:id/edit', name: 'journey-edit', component: () => import('./views/BuilderPage.vue'), meta: { titleKey: 'journeys.title' } },
    { path: 'journeys/:id/people/:execution', name: 'journey-person', component: () => import('./views/PersonPage.vue'), meta: { titleKey: 'journeys.title' } },
  ],
  actions: [{ labelKey: 'journeys.create', icon: 'i-lucide-plus', to: '/journeys/new', permission: 'journeys.change' }],
  searchTo: (term) => `/journeys?q=${encodeURIComponent(term)}`,
  search: async (term, signal) => {
    // The calls come with the first search, not with the frame.
    const { listJourneys } = await import('./journeys.api')
    const page = await listJourneys({ search: term, page_size: PALETTE_HITS }, signal)
    return page.results.map((journey) => ({ label: journey.name, suffix: journey.description, icon: 'i-lucide-workflow', to: `/journeys/${journey.id}` }))
  },
})
