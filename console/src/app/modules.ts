/** Collects what the features say about themselves; no feature is named here. */
import type { FeatureModule } from '@/shared/modules/module'

const FOUND = import.meta.glob<FeatureModule>('../features/*/*.module.ts', { eager: true, import: 'default' })

export const modules: FeatureModule[] = Object.values(FOUND).sort((left, right) => (left.nav?.order ?? Infinity) - (right.nav?.order ?? Infinity))
