/** The pages of events, and what each needs. */
import { permissionsOf, type AreaPage } from '@/shared/layout/areaPages'

export const EVENT_PAGES: readonly AreaPage[] = [
  { id: 'facts', to: '/events/facts', icon: 'i-lucide-activity', permission: 'events.view' },
  { id: 'types', to: '/events/types', icon: 'i-lucide-book-open', permission: 'events.view' },
  { id: 'webhooks', to: '/events/webhooks', icon: 'i-lucide-webhook', permission: 'exchange.view' },
  { id: 'mappings', to: '/events/mappings', icon: 'i-lucide-waypoints', permission: 'exchange.view' },
  { id: 'sources', to: '/events/sources', icon: 'i-lucide-plug', permission: 'customers.manage_sources' },
  { id: 'letters', to: '/events/letters', icon: 'i-lucide-mail-warning', permission: 'events.view' },
  { id: 'messages', to: '/events/messages', icon: 'i-lucide-file-warning', permission: 'exchange.view' },
]

export const EVENT_PERMISSIONS = permissionsOf(EVENT_PAGES)
