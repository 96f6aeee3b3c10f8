/** What a feature tells the console about itself; the app collects these and names none of them. */
import type { RouteRecordRaw } from 'vue-router'
import type { Needed } from '@/shared/session/permissions'

export interface NavEntry {
  /** Locale key of the name in the sidebar and the command palette. */
  labelKey: string
  icon: string
  to: string
  /** Position in the sidebar, small first. */
  order: number
}

export interface PaletteHit {
  label: string
  suffix?: string
  icon: string
  to: string
}

export interface PaletteAction {
  labelKey: string
  icon: string
  to: string
  permission: string
}

export interface FeatureModule {
  /** Same name as the backend domain. */
  id: string
  /** Permission without which neither navigation nor pages show; of several, one is enough. */
  permission: Needed
  /** Left out by features that one reaches from elsewhere, such as the account's menu. */
  nav?: NavEntry
  /** Other features whose components its pages show: their texts are loaded too. */
  borrows?: readonly string[]
  routes: RouteRecordRaw[]
  /** Things to do from anywhere, offered by Ctrl+K. */
  actions?: PaletteAction[]
  /** Objects of this feature whose name matches, for Ctrl+K. */
  search?: (term: string, signal: AbortSignal) => Promise<PaletteHit[]>
  /** The list that shows everything matching, for a search that should go on there. */
  searchTo?: (term: string) => string
}

export function defineModule(module: FeatureModule): FeatureModule {
  return { ...module, routes: module.routes.map((route) => ({ ...route, meta: { permission: module.permission, ...route.meta } }) as RouteRecordRaw) }
}
