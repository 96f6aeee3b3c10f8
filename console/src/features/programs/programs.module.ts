/** Programs among the features. */
import { defineModule } from '@/shared/modules/module'
import { listPrograms } from './programs.api'

export default defineModule({
  id: 'programs',
  borrows: ['customers'],
  permission: 'programs.view',
  nav: { labelKey: 'programs.title', icon: 'i-lucide-layers', to: '/programs', order: 20 },
  routes: [
    { path: 'programs', name: 'programs', component: () => import('./views/ProgramsPage.vue'), meta: { titleKey: 'programs.title' } },
    { path: 'programs/new', name: 'program-new', component: () => import('./views/ProgramPage.vue'), meta: { titleKey: 'programs.newTitle', permission: 'programs.create' } },
    { path: 'programs/:id', name: 'program', component: () => import('./views/ProgramPage.vue'), meta: { titleKey: 'programs.oneTitle' } },
  ],
  actions: [{ labelKey: 'programs.create', icon: 'i-lucide-plus', to: '/programs/new', permission: 'programs.create' }],
  search: async (term, signal) => {
    const page = await listPrograms({ search: term, page_size: 5 }, signal)
    return page.results.map((program) => ({ label: program.name, suffix: program.code, icon: 'i-lucide-layers', to: `/programs/${program.id}` }))
  },
})
