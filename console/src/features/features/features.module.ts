/** The data sources among the features of the console. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'features',
  permission: 'features.view',
  borrows: ['warehouse'],
  nav: { labelKey: 'features.title', icon: 'i-lucide-database', to: '/admin/data-sources', order: 90 },
  routes: [{ path: 'admin/data-sources', name: 'data-sources', component: () => import('./views/DataSourcesPage.vue'), meta: { titleKey: 'features.title' } }],
})
