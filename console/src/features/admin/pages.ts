/** The pages of administration, and what each needs. */
import { permissionsOf, type AreaPage } from '@/shared/layout/areaPages'

export const ADMIN_PAGES: readonly AreaPage[] = [
  { id: 'settings', to: '/admin/settings', icon: 'i-lucide-sliders-horizontal', permission: 'configuration.view' },
  { id: 'users', to: '/admin/users', icon: 'i-lucide-users-round', permission: 'access.view' },
  { id: 'roles', to: '/admin/roles', icon: 'i-lucide-grid-3x3', permission: 'access.view' },
  { id: 'tokens', to: '/admin/tokens', icon: 'i-lucide-key-round', permission: 'access.manage_tokens' },
  { id: 'audit', to: '/admin/audit', icon: 'i-lucide-scroll-text', permission: 'audit.view' },
]

export const ADMIN_PERMISSIONS = permissionsOf(ADMIN_PAGES)
