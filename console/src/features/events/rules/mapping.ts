/** A mapping as it is edited: its two tables as rows, so that a half-typed line has a place. */
import type { Mapping, MappingDraft } from '../exchange.api'
import { isPath, readScalar, writeScalar } from './paths'

export interface MatchRow {
  path: string
  value: string
}
export interface DataRow {
  name: string
  path: string
}
export interface MappingForm {
  source: string
  name: string
  rank: number
  type: string
  id_path: string
  subject_path: string
  time_path: string
  is_active: boolean
  matches: MatchRow[]
  data: DataRow[]
}

export const blankForm = (): MappingForm => ({ source: '', name: '', rank: 0, type: '', id_path: '', subject_path: '', time_path: '', is_active: true, matches: [], data: [] })

export const formOf = (mapping: Mapping): MappingForm => ({
  source: mapping.source, name: mapping.name, rank: mapping.rank, type: mapping.type, id_path: mapping.id_path, subject_path: mapping.subject_path, time_path: mapping.time_path, is_active: mapping.is_active,
  matches: Object.entries(mapping.matches).map(([path, value]) => ({ path, value: writeScalar(value) })),
  data: Object.entries(mapping.data_paths).map(([name, path]) => ({ name, path })),
})

/** Lines that were left empty are no lines. */
export const draftOf = (form: MappingForm): MappingDraft => ({
  source: form.source.trim(), name: form.name.trim(), rank: form.rank, type: form.type.trim(), id_path: form.id_path.trim(), subject_path: form.subject_path.trim(), time_path: form.time_path.trim(), is_active: form.is_active,
  matches: Object.fromEntries(form.matches.filter((row) => row.path.trim() !== '').map((row) => [row.path.trim(), readScalar(row.value)])),
  data_paths: Object.fromEntries(form.data.filter((row) => row.name.trim() !== '' || row.path.trim() !== '').map((row) => [row.name.trim(), row.path.trim()])),
})

/** Whether there is enough to try it, or to save it. */
export const isWhole = (draft: MappingDraft): boolean => draft.source !== '' && draft.name !== '' && draft.type !== '' && isPath(draft.id_path) && isPath(draft.subject_path) && Object.entries(draft.data_paths).every(([name, path]) => name !== '' && isPath(path))
