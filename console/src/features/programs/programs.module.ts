/** Programs among the features. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'programs',
  permission: 'programs.view',
  nav: { labelKey: 'programs.title', icon: 'i-lucide-layers', to: '/programs', order: 20 },
  routes: [],
})
