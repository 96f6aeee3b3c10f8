/** One's own account among the features: reached from the account's menu. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'account',
  permission: null,
  routes: [{ path: 'account/security', name: 'security', component: () => import('./views/SecurityPage.vue'), meta: { titleKey: 'account.title' } }],
})
