/** Campaigns among the features. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'campaigns',
  permission: 'campaigns.view',
  nav: { labelKey: 'campaigns.title', icon: 'i-lucide-megaphone', to: '/campaigns', order: 30 },
  routes: [],
})
