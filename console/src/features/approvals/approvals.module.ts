/** Approvals among the features: what waits for consent, and which acts need it. */
import { defineModule } from '@/shared/modules/module'

export default defineModule({
  id: 'approvals',
  borrows: ['journeys'],
  permission: ['approvals.view', 'approvals.decide'],
  nav: { labelKey: 'approvals.title', icon: 'i-lucide-badge-check', to: '/approvals', order: 90 },
  routes: [
    { path: 'approvals', name: 'approvals', component: () => import('./views/ApprovalsPage.vue'), meta: { titleKey: 'approvals.title' } },
    { path: 'approvals/workflows', name: 'approval-workflows', component: () => import('./views/WorkflowsPage.vue'), meta: { titleKey: 'approvals.title', permission: 'approvals.view' } },
    { path: 'approvals/delegations', name: 'approval-delegations', component: () => import('./views/DelegationsPage.vue'), meta: { titleKey: 'approvals.title', permission: 'approvals.decide' } },
    { path: 'approvals/:id', name: 'approval', component: () => import('./views/ApprovalPage.vue'), meta: { titleKey: 'approvals.title' } },
  ],
})
