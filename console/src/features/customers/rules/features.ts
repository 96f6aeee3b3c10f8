/** What is known of a customer, by category, and how each value is read; pure. */
import type { FeatureValue } from '../customers.api'

export interface FeatureGroup { category: string; features: FeatureValue[]; freshness: string | null }

/** In the order in which the categories first appear; the freshness of a group is that of its oldest figure. */
export function groupFeatures(features: readonly FeatureValue[], search: string): FeatureGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const groups = new Map<string, FeatureValue[]>()
  for (const feature of features) {
    const text = `${feature.label} ${feature.name} ${feature.category}`.toLowerCase()
    if (!words.every((word) => text.includes(word))) continue
    groups.set(feature.category, [...(groups.get(feature.category) ?? []), feature])
  }
  return [...groups].map(([category, members]) => ({ category, features: members, freshness: oldest(members) }))
}

function oldest(features: readonly FeatureValue[]): string | null {
  const instants = features.flatMap((feature) => (feature.freshness && !Number.isNaN(Date.parse(feature.freshness)) ? [feature.freshness] : []))
  return instants.sort((left, right) => Date.parse(left) - Date.parse(right))[0] ?? null
}

/** A unit that reads well behind a figure; "currency" and ranges such as "0 to 1" describe the figure instead. */
export const isShownUnit = (unit: string | undefined): boolean => unit !== undefined && unit !== '' && unit !== 'currency' && !/\d/.test(unit)
