/** The platform's settings over HTTP: sections of typed fields, tests of what they reach, versions and the way back. */
import { get, post } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'

export type ConfigField = Precise<Schemas['ConfigurationField'], { value: unknown }>
export type ConfigSection = Precise<Schemas['ConfigurationSection'], { fields: ConfigField[]; state: Record<string, unknown> }>
export interface SavedSection extends ConfigSection {
  changed: string[]
  secrets_cleared: string[]
}
export interface TestOutcome {
  is_successful: boolean
  tried: string
  outcome: string
  advice: string
  facts: Record<string, unknown>
  took_ms: number
}
export interface SectionVersion {
  version: number
  changed_at: string
  changed_by: string
  reason: string
  restored_from: number | null
  changes: { field: string; before: unknown; after: unknown; is_secret: boolean }[]
}

/** What is sent: only fields that change; null goes back to the environment, or takes a secret away. */
export type Values = Record<string, unknown>

const at = (section: string): string => `config/${section}/`
export const listSections = async (signal?: AbortSignal): Promise<ConfigSection[]> => (await get<{ sections: ConfigSection[] }>('config/get_all/', {}, signal)).sections
export const getSection = (section: string, signal?: AbortSignal): Promise<ConfigSection> => get<ConfigSection>(at(section), {}, signal)
export const saveSection = (section: string, values: Values, reason: string, version: number): Promise<SavedSection> => post<SavedSection>(at(section), { values, reason, expected_version: version })
export const testSection = (section: string, values: Values): Promise<TestOutcome> => post<TestOutcome>(`${at(section)}test/`, { values })
export const listSectionVersions = (section: string, signal?: AbortSignal): Promise<Page<SectionVersion>> => get<Page<SectionVersion>>(`${at(section)}versions/`, { page_size: 50 }, signal)
export const rollBack = (section: string, version: number, reason: string, expected: number): Promise<SavedSection> => post<SavedSection>(`${at(section)}rollback/`, { version, reason, expected_version: expected })
