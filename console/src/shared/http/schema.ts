/** The types the server published (docs/api/openapi.json), and a way to tell some of their fields more precisely. */
import type { components } from '@/api/generated/schema'

export type Schemas = components['schemas']

/** A field the server does not have is a compile error, so that a renamed one is noticed when the types are made anew. */
export type Precise<TSchema, TFields extends { [TName in keyof TFields]: TName extends keyof TSchema ? unknown : never }> = Omit<TSchema, keyof TFields> & TFields
