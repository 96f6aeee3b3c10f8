import { describe, expect, it } from 'vitest'
import { blankForm, draftOf, formOf, isWhole } from './mapping'

const draft = { source: 'erp', name: 'Paid', rank: 2, matches: { '$.kind': 'paid', '$.v': 2, '$.code': '7' }, type: 'invoice.paid', id_path: '$.no', subject_path: '$.customer', time_path: '', data_paths: { amount: '$.lines[0].sum' }, is_active: true }
const mapping = { ...draft, id: '1', version: 1 }

describe('mapping', () => {
  it('test_form__of_a_mapping__gives_the_mapping_back', () => {
    expect(draftOf(formOf(mapping))).toEqual(draft)
  })

  it('test_draft__with_empty_lines__leaves_them_out', () => {
    const form = { ...formOf(mapping), matches: [{ path: ' ', value: 'x' }], data: [{ name: '', path: '' }] }
    expect(draftOf(form)).toMatchObject({ matches: {}, data_paths: {} })
  })

  it('test_whole__with_paths_and_names__and_not_before', () => {
    expect(isWhole(draftOf(blankForm()))).toBe(false)
    expect(isWhole(draftOf(formOf(mapping)))).toBe(true)
    expect(isWhole(draftOf({ ...formOf(mapping), id_path: 'no' }))).toBe(false)
    expect(isWhole(draftOf({ ...formOf(mapping), data: [{ name: '', path: '$.a' }] }))).toBe(false)
  })
})
