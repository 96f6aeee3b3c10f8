/** Customers among the features. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'customers',
  permission: 'customers.view',
  nav: { labelKey: 'customers.title', icon: 'i-lucide-contact', to: '/customers', order: 50 },
  routes: [],
})
