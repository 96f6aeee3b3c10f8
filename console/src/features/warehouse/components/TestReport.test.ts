import { afterEach, describe, expect, it } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import { mountApp } from '@/testing/mountApp'
import warehouse from '../locales/en.json'
import type { WarehouseConnection } from '../warehouse.api'
import TestReport from './TestReport.vue'

let wrapper: VueWrapper | null = null
afterEach(() => wrapper?.unmount())

const FOUND: WarehouseConnection = {
  is_reachable: true, kind: 'postgresql', breaker_state: 'closed', latency_ms: 12.5, server_version: 'PostgreSQL 18.1', user: 'reader', is_read_only: true, is_superuser: false, is_caged: true,
  table: 'customer_features_view', tables: [{ name: 'customer_features_view', kind: 'view', rows_estimate: null }], columns: [{ name: 'age', type: 'integer', native_type: 'integer', is_nullable: false, comment: '' }, { name: 'shape', type: null, native_type: 'polygon', is_nullable: true, comment: '' }],
  rows_estimate: 10, problem_code: '', problem: '', findings: [],
}
const shown = (part: Partial<WarehouseConnection>): string => {
  wrapper = mountApp(TestReport, { found: { ...FOUND, ...part } }, { warehouse })
  return wrapper.text()
}

describe('TestReport', () => {
  it('test_reachable__latency_version_rights_tables_and_columns', () => {
    const text = shown({})
    for (const part of ['12.5 ms', 'PostgreSQL 18.1', 'reader', 'reads only', 'no superuser', 'caged by its role', '1 table or view', '2 columns of', 'age', 'not usable']) expect(text).toContain(part)
  })

  it('test_superuser__finding_with_its_repair', () => {
    const text = shown({ is_superuser: true, findings: [{ code: 'superuser', severity: 'refused', detail: 'The role is a superuser.', repair: 'ALTER ROLE reader NOSUPERUSER' }] })
    expect(text).toContain('The role is a superuser.')
    expect(text).toContain('ALTER ROLE reader NOSUPERUSER')
  })

  it('test_away__reason_and_no_rights', () => {
    const text = shown({ is_reachable: false, problem: 'connection refused', tables: [], columns: [] })
    expect(text).toContain('connection refused')
    expect(text).not.toContain('reads only')
  })
})
