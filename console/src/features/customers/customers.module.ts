/** Customers among the features. */
import { defineModule } from '@/shared/modules/module'
import { listCustomers } from './customers.api'

export default defineModule({
  id: 'customers',
  permission: 'customers.view',
  borrows: ['campaigns', 'points', 'programs'],
  nav: { labelKey: 'customers.title', icon: 'i-lucide-contact', to: '/customers', order: 50 },
  routes: [
    { path: 'customers', name: 'customers', component: () => import('./views/CustomersPage.vue'), meta: { titleKey: 'customers.title' } },
    { path: 'customers/attributes', name: 'customer-attributes', component: () => import('./views/AttributesPage.vue'), meta: { titleKey: 'customers.attributes.title' } },
    { path: 'customers/:id', name: 'customer', component: () => import('./views/CustomerPage.vue'), meta: { titleKey: 'customers.oneTitle' } },
  ],
  searchTo: (term) => `/customers?q=${encodeURIComponent(term)}`,
  search: async (term, signal) => {
    const page = await listCustomers({ search: term, page_size: 5 }, signal)
    return page.results.map((customer) => ({ label: `${customer.first_name} ${customer.last_name}`.trim() || customer.customer_ref, suffix: customer.customer_ref, icon: 'i-lucide-contact', to: `/customers/${customer.id}` }))
  },
})
