/** Events among the features: what happened, who is told of it, what comes in, and what could not be taken in. */
import { defineModule } from '@/shared/modules/module'
import { EVENT_PERMISSIONS } from './pages'

const meta = (permission: string) => ({ titleKey: 'events.title', permission })

export default defineModule({
  id: 'events',
  permission: EVENT_PERMISSIONS,
  nav: { labelKey: 'events.title', icon: 'i-lucide-radio-tower', to: '/events', order: 80 },
  routes: [
    { path: 'events', name: 'events', component: () => import('./views/EventsPage.vue'), meta: { titleKey: 'events.title' } },
    { path: 'events/facts', name: 'event-facts', component: () => import('./views/FactsPage.vue'), meta: meta('events.view') },
    { path: 'events/types', name: 'event-types', component: () => import('./views/TypesPage.vue'), meta: meta('events.view') },
    { path: 'events/types/:type', name: 'event-type', component: () => import('./views/TypePage.vue'), meta: meta('events.view') },
    { path: 'events/webhooks', name: 'webhooks', component: () => import('./views/EndpointsPage.vue'), meta: meta('exchange.view') },
    { path: 'events/webhooks/:id', name: 'webhook', component: () => import('./views/EndpointPage.vue'), meta: meta('exchange.view') },
    { path: 'events/mappings', name: 'event-mappings', component: () => import('./views/MappingsPage.vue'), meta: meta('exchange.view') },
    { path: 'events/mappings/new', name: 'event-mapping-new', component: () => import('./views/MappingPage.vue'), meta: meta('exchange.manage') },
    { path: 'events/mappings/:id', name: 'event-mapping', component: () => import('./views/MappingPage.vue'), meta: meta('exchange.view') },
    { path: 'events/sources', name: 'event-sources', component: () => import('./views/SourcesPage.vue'), meta: meta('customers.manage_sources') },
    { path: 'events/letters', name: 'dead-letters', component: () => import('./views/LettersPage.vue'), meta: meta('events.view') },
    { path: 'events/messages', name: 'dead-messages', component: () => import('./views/MessagesPage.vue'), meta: meta('exchange.view') },
  ],
})
