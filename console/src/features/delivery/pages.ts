/** The pages of delivery, and what each needs. */
import { permissionsOf, type AreaPage } from '@/shared/layout/areaPages'

export const DELIVERY_PAGES: readonly AreaPage[] = [
  { id: 'policy', to: '/delivery/policy', icon: 'i-lucide-shield-check', permission: 'delivery.view' },
  { id: 'templates', to: '/delivery/templates', icon: 'i-lucide-layout-template', permission: 'delivery.view' },
  { id: 'sends', to: '/delivery/sends', icon: 'i-lucide-mail-warning', permission: 'delivery.view' },
  { id: 'budgets', to: '/delivery/budgets', icon: 'i-lucide-wallet', permission: 'delivery.view' },
  { id: 'suppressions', to: '/delivery/suppressions', icon: 'i-lucide-mail-x', permission: 'delivery.view' },
]

export const DELIVERY_PERMISSIONS = permissionsOf(DELIVERY_PAGES)
