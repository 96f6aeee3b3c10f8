/** Campaigns among the features. */
import { defineModule } from '@/shared/modules/module'
import { listCampaigns } from './campaigns.api'

export default defineModule({
  id: 'campaigns',
  permission: 'campaigns.view',
  borrows: ['customers'],
  nav: { labelKey: 'campaigns.title', icon: 'i-lucide-megaphone', to: '/campaigns', order: 30 },
  routes: [
    { path: 'campaigns', name: 'campaigns', component: () => import('./views/CampaignsPage.vue'), meta: { titleKey: 'campaigns.title' } },
    { path: 'campaigns/new', name: 'campaign-new', component: () => import('./views/CampaignBuilderPage.vue'), meta: { titleKey: 'campaigns.newTitle', permission: 'campaigns.create' } },
    { path: 'campaigns/:id', name: 'campaign', component: () => import('./views/CampaignPage.vue'), meta: { titleKey: 'campaigns.oneTitle' } },
    { path: 'campaigns/:id/edit', name: 'campaign-edit', component: () => import('./views/CampaignBuilderPage.vue'), meta: { titleKey: 'campaigns.editTitle' } },
  ],
  actions: [{ labelKey: 'campaigns.create', icon: 'i-lucide-plus', to: '/campaigns/new', permission: 'campaigns.create' }],
  searchTo: (term) => `/campaigns?q=${encodeURIComponent(term)}`,
  search: async (term, signal) => {
    const page = await listCampaigns({ search: term, page_size: 5 }, signal)
    return page.results.map((campaign) => ({ label: campaign.name, icon: 'i-lucide-megaphone', to: `/campaigns/${campaign.id}` }))
  },
})
