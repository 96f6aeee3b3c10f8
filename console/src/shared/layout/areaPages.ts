/** The pages of an area that stand side by side, and what each needs. */
import type { Needed } from '@/shared/session/permissions'

export interface AreaPage {
  id: string
  to: string
  icon: string
  permission: string
}

/** The permissions of which one is enough to have something to see in the area. */
export const permissionsOf = (pages: readonly AreaPage[]): readonly string[] => [...new Set(pages.map((page) => page.permission))]

/** The first page that one may see. */
export const firstSeen = (pages: readonly AreaPage[], can: (needed: Needed) => boolean): AreaPage | undefined => pages.find((page) => can(page.permission))
