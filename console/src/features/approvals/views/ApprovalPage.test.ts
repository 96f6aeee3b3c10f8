import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import * as api from '../approvals.api'
import en from '../locales/en.json'
import nav from '../locales/nav.en.json'
import ApprovalPage from './ApprovalPage.vue'
import ApprovalsPage from './ApprovalsPage.vue'

vi.mock('@/features/journeys', () => ({ JourneyChange: { render: () => null } }))

/** As the server tells an Arabic reader: what people wrote is set apart by the marks of the Unicode bidirectional algorithm. */
const SAID = 'إضافة 700 من النقاط إلى الحساب \u20680193\u2069 (\u2068goodwill\u2069)'
const request: api.ApprovalRequest = {
  id: 'r1', kind: 'points.adjust', title: 'Adjustment of points', summary: SAID, state: 'PENDING', subject_kind: 'account', subject_ref: '0193', link: '', maker: { kind: 'user', ref: 'u1', name: 'ada' }, reason: '',
  amount: 700, amount_unit: 'points', amount_summed: null, before: {}, after: {}, diff: [], payload_hash: 'a'.repeat(64), step: 0, steps: [], decisions: [], can_decide: false, why_not: '', result: null,
  created_at: '2026-11-28T12:00:00Z', expires_at: null, closed_at: null, closed_reason: '', review_of: null, review_request: null,
}

describe('a request', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_request__opened__says_what_is_asked_for_in_the_words_of_the_server', async () => {
    vi.spyOn(api, 'getRequest').mockResolvedValue(request)
    const wrapper = mountApp(ApprovalPage, {}, { approvals: { ...en, ...nav } })
    await flushPromises()
    await flushPromises()
    // On its own, so that a sentence of the other direction keeps its brackets.
    expect(wrapper.findAll('bdi').map((one) => one.text())).toContain(SAID)
    wrapper.unmount()
  })

  it('test_requests__listed__say_beside_their_kind_what_is_asked_for', async () => {
    vi.spyOn(api, 'listKinds').mockResolvedValue([])
    vi.spyOn(api, 'listRequests').mockResolvedValue({ count: 1, next: null, previous: null, results: [request] } as unknown as Awaited<ReturnType<typeof api.listRequests>>)
    const wrapper = mountApp(ApprovalsPage, {}, { approvals: { ...en, ...nav } })
    await flushPromises()
    await flushPromises()
    const row = wrapper.find('tbody tr')
    expect(row.text()).toContain('Adjustment of points')
    expect(row.findAll('bdi').map((one) => one.text())).toContain(SAID)
    wrapper.unmount()
  })
})
