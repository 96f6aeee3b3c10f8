/** What texts of messages, and the values handed to them, may name; pure. */
import type { Field } from '@/shared/FieldPicker/fields'

export interface PlaceGroup { key: 'customer' | 'account' | 'event' | 'journey' | 'own' | 'feature'; places: readonly Named[] }
export interface Named { label: string; snippet: string }

const CUSTOMER = ['first_name', 'last_name', 'customer_ref'] as const
const ALSO_OF_CUSTOMER = ['language', 'time_zone'] as const
const ACCOUNT = ['points_balance', 'tier_name', 'tier_code', 'program_name'] as const
const EVENT_FIELD = 'event.'
/** A name to greet with is often missing; greeting without it is better than not writing at all. */
const FALLBACKS: Record<string, string> = { first_name: 'friend' }
const filled = (groups: readonly PlaceGroup[]): PlaceGroup[] => groups.filter((group) => group.places.length > 0)
const eventFields = (fields: readonly Field[]): Field[] => fields.filter((field) => field.name.startsWith(EVENT_FIELD))

/** Names inside a message's own words; they are filled in by delivery, where `{{ first_name | "friend" }}` has a stand-in. */
export function placesInText(fields: readonly Field[], own: readonly string[]): PlaceGroup[] {
  const place = (name: string, label = name): Named => ({ label, snippet: FALLBACKS[name] === undefined ? `{{ ${name} }}` : `{{ ${name} | "${FALLBACKS[name]}" }}` })
  return filled([
    { key: 'customer', places: CUSTOMER.map((name) => place(name)) },
    { key: 'account', places: ACCOUNT.map((name) => place(name)) },
    { key: 'event', places: eventFields(fields).map((field) => place(`event_${field.name.slice(EVENT_FIELD.length)}`, field.label)) },
    { key: 'journey', places: [place('journey_name')] },
    { key: 'own', places: own.map((name) => place(name)) },
  ])
}

/** Paths inside a value; they are filled in by the journey and reach everything that it knows. */
export function placesInValue(fields: readonly Field[]): PlaceGroup[] {
  const place = (path: string, label = path): Named => ({ label, snippet: `{{${path}}}` })
  return filled([
    { key: 'customer', places: [...CUSTOMER, ...ALSO_OF_CUSTOMER].map((name) => place(`customer.${name}`, name)) },
    { key: 'account', places: ACCOUNT.map((name) => place(`account.${name}`, name)) },
    { key: 'event', places: eventFields(fields).map((field) => place(field.name, field.label)) },
    { key: 'journey', places: [place('journey.name', 'name')] },
    { key: 'feature', places: fields.filter((field) => !field.name.includes('.')).map((field) => place(`feature.${field.name}`, field.label)) },
  ])
}

/** Names that a message finds by itself, without a value being handed to it. */
export const isFilledItself = (name: string): boolean => name === 'journey_name' || name.startsWith('event_') || name.startsWith('context_') || [...CUSTOMER, ...ACCOUNT].some((one) => one === name)
