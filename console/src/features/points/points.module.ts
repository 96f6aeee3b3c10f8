/** Accounts and their points among the features. */
import { defineModule } from '@/shared/modules/module'
import { findAccounts } from './points.api'

export default defineModule({
  id: 'points',
  permission: 'points.view',
  borrows: ['programs'],
  nav: { labelKey: 'points.title', icon: 'i-lucide-wallet', to: '/accounts', order: 55 },
  routes: [
    { path: 'accounts', name: 'accounts', component: () => import('./views/AccountsPage.vue'), meta: { titleKey: 'points.title' } },
    { path: 'accounts/:id', name: 'account', component: () => import('./views/AccountPage.vue'), meta: { titleKey: 'points.oneTitle' } },
  ],
  searchTo: (term) => `/accounts?q=${encodeURIComponent(term)}`,
  search: async (term, signal) => {
    const page = await findAccounts({ search: term, page_size: 5 }, signal)
    return page.results.map((account) => ({ label: account.customer_ref, suffix: account.program_name, icon: 'i-lucide-wallet', to: `/accounts/${account.id}` }))
  },
})
