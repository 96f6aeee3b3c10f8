/** The dashboard among the features. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'dashboard',
  permission: 'analytics.view',
  nav: { labelKey: 'dashboard.title', icon: 'i-lucide-layout-dashboard', to: '/dashboard', order: 10 },
  routes: [{ path: 'dashboard', name: 'dashboard', component: () => import('./views/DashboardPage.vue'), meta: { titleKey: 'dashboard.title' } }],
})
