/** Segments among the features. */
import { defineModule } from '@/shared/modules/module'
import { listSegments } from './segments.api'

const PALETTE_HITS = 5

export default defineModule({
  id: 'segments',
  permission: 'segments.view',
  borrows: ['customers'],
  nav: { labelKey: 'segments.title', icon: 'i-lucide-users', to: '/segments', order: 40 },
  routes: [
    { path: 'segments', name: 'segments', component: () => import('./views/SegmentListPage.vue'), meta: { titleKey: 'segments.title' } },
    { path: 'segments/new', name: 'segment-new', component: () => import('./views/SegmentPage.vue'), meta: { titleKey: 'segments.new', permission: 'segments.create' } },
    { path: 'segments/overlap', name: 'segment-overlap', component: () => import('./views/SegmentOverlapPage.vue'), meta: { titleKey: 'segments.title' } },
    { path: 'segments/:id', name: 'segment', component: () => import('./views/SegmentPage.vue'), meta: { titleKey: 'segments.title' } },
  ],
  actions: [{ labelKey: 'segments.create', icon: 'i-lucide-plus', to: '/segments/new', permission: 'segments.create' }],
  searchTo: (term) => `/segments?q=${encodeURIComponent(term)}`,
  search: async (term, signal) => {
    const page = await listSegments({ search: term, page_size: PALETTE_HITS }, signal)
    return page.results.map((segment) => ({ label: segment.name, suffix: segment.description, icon: 'i-lucide-users', to: `/segments/${segment.id}` }))
  },
})
