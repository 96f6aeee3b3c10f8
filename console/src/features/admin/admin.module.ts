/** Administration among the features: who may do what, what was done, and how the platform is set. */
import { defineModule } from '@/shared/modules/module'
import { ADMIN_PERMISSIONS } from './pages'

export default defineModule({
  id: 'admin',
  permission: ADMIN_PERMISSIONS,
  nav: { labelKey: 'admin.title', icon: 'i-lucide-settings', to: '/admin', order: 95 },
  routes: [
    { path: 'admin', name: 'admin', component: () => import('./views/AdminPage.vue'), meta: { titleKey: 'admin.title' } },
    { path: 'admin/settings/:section(.*)?', name: 'admin-settings', component: () => import('./views/SettingsPage.vue'), meta: { titleKey: 'admin.title', permission: 'configuration.view' } },
    { path: 'admin/users', name: 'admin-users', component: () => import('./views/UsersPage.vue'), meta: { titleKey: 'admin.title', permission: 'access.view' } },
    { path: 'admin/users/:id', name: 'admin-user', component: () => import('./views/UserPage.vue'), meta: { titleKey: 'admin.title', permission: 'access.view' } },
    { path: 'admin/roles/:id?', name: 'admin-roles', component: () => import('./views/RolesPage.vue'), meta: { titleKey: 'admin.title', permission: 'access.view' } },
    { path: 'admin/tokens', name: 'admin-tokens', component: () => import('./views/TokensPage.vue'), meta: { titleKey: 'admin.title', permission: 'access.manage_tokens' } },
    { path: 'admin/audit', name: 'admin-audit', component: () => import('./views/AuditPage.vue'), meta: { titleKey: 'admin.title', permission: 'audit.view' } },
  ],
})
