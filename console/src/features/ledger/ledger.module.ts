/** The book of points among the features. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'ledger',
  permission: 'points.prove',
  borrows: ['programs'],
  nav: { labelKey: 'ledger.title', icon: 'i-lucide-book-check', to: '/ledger', order: 57 },
  routes: [{ path: 'ledger', name: 'ledger', component: () => import('./views/LedgerPage.vue'), meta: { titleKey: 'ledger.title' } }],
})
