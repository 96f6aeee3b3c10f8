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

const NUMBER = /^-?\d+(\.\d+)?$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T/

export type ReadValue = { kind: 'nothing' } | { kind: 'truth'; value: boolean } | { kind: 'number'; value: number } | { kind: 'day'; value: string } | { kind: 'text'; value: string }

/** Decimals come as texts, so that they stay exact on the way. */
export function readValue(value: unknown): ReadValue {
  if (value === null || value === undefined || value === '') return { kind: 'nothing' }
  if (typeof value === 'boolean') return { kind: 'truth', value }
  if (typeof value === 'number') return { kind: 'number', value }
  if (Array.isArray(value)) return value.length === 0 ? { kind: 'nothing' } : { kind: 'text', value: value.join(', ') }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (NUMBER.test(text) && text.length < 16) return { kind: 'number', value: Number(text) }
  return DAY.test(text) || INSTANT.test(text) ? { kind: 'day', value: text } : { kind: 'text', value: text }
}

/** A unit that reads well behind a figure; "currency" and ranges such as "0 to 1" describe the figure instead. */
export const isShownUnit = (unit: string | undefined): boolean => unit !== undefined && unit !== '' && unit !== 'currency' && !/\d/.test(unit)
