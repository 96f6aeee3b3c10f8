/** Delivery among the features: what keeps a message from a customer. */
import { defineModule } from '@/shared/modules/module'
import { DELIVERY_PAGES, DELIVERY_PERMISSIONS } from './pages'

export default defineModule({
  id: 'delivery',
  permission: DELIVERY_PERMISSIONS,
  nav: { labelKey: 'delivery.title', icon: 'i-lucide-send', to: '/delivery', order: 35 },
  routes: [
    { path: 'delivery', name: 'delivery', redirect: DELIVERY_PAGES[0]?.to ?? '/', meta: { titleKey: 'delivery.title' } },
    { path: 'delivery/policy', name: 'contact-policy', component: () => import('./views/PolicyPage.vue'), meta: { titleKey: 'delivery.title', permission: 'delivery.view' } },
    { path: 'delivery/templates', name: 'message-templates', component: () => import('./views/TemplatesPage.vue'), meta: { titleKey: 'delivery.title', permission: 'delivery.view' } },
    { path: 'delivery/templates/:id', name: 'message-template', props: true, component: () => import('./views/TemplatePage.vue'), meta: { titleKey: 'delivery.title', permission: 'delivery.view' } },
    { path: 'delivery/sends', name: 'sends', component: () => import('./views/SendsPage.vue'), meta: { titleKey: 'delivery.title', permission: 'delivery.view' } },
    { path: 'delivery/budgets', name: 'message-budgets', component: () => import('./views/BudgetsPage.vue'), meta: { titleKey: 'delivery.title', permission: 'delivery.view' } },
    { path: 'delivery/suppressions', name: 'suppressions', component: () => import('./views/SuppressionsPage.vue'), meta: { titleKey: 'delivery.title', permission: 'delivery.view' } },
  ],
})
