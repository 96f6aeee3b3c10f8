import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { ProblemError } from '@/shared/http/problems'
import { mountApp } from '@/testing/mountApp'
import segments from '../locales/en.json'
import type * as api from '../segments.api'
import UploadCard from './UploadCard.vue'

let wrapper: VueWrapper | null = null
const upload = vi.fn<typeof api.uploadMembers>()
let refusal: ProblemError | null = null
vi.mock('../segments.api', async (original) => ({
  ...(await original<typeof api>()),
  uploadMembers: async (...given: Parameters<typeof api.uploadMembers>) => {
    if (refusal) throw refusal
    return upload(...given)
  },
}))
beforeEach(() => {
  upload.mockReset()
  refusal = null
})
afterEach(() => wrapper?.unmount())

const REPORT = { lines: 6, added: 2, already_members: 1, duplicates: 1, invalid: 0, unmatched: 2, unmatched_sample: [{ line: 4, value: 'CUST-9' }, { line: 6, value: 'a "b"' }] }
const button = (name: string) => wrapper?.findAll('button').find((one) => one.text() === name)

async function choose(file: File): Promise<void> {
  const input = wrapper?.find('input[type="file"]')
  Object.defineProperty(input?.element, 'files', { value: [file], configurable: true })
  await input?.trigger('change')
}

describe('UploadCard', () => {
  it('test_upload__file_and_column__report_line_by_line', async () => {
    upload.mockResolvedValue(REPORT as Awaited<ReturnType<typeof api.uploadMembers>>)
    const onAdded = vi.fn()
    wrapper = mountApp(UploadCard, { segmentId: 's-1', onAdded }, { segments })
    expect(button('Upload')?.attributes('disabled')).toBeDefined()
    const file = new File(['customer\nCUST-1\n'], 'vip.csv', { type: 'text/csv' })
    await choose(file)
    await wrapper.find('input:not([type="file"])').setValue(' customer ')
    expect(wrapper.text()).toContain('vip.csv')
    await button('Upload')?.trigger('click')
    await flushPromises()
    expect(upload).toHaveBeenCalledWith('s-1', file, 'customer')
    expect(onAdded).toHaveBeenCalledOnce()
    const told = wrapper.findAll('dl > div').map((one) => one.text())
    expect(told).toEqual([expect.stringMatching(/6$/), expect.stringMatching(/2$/), expect.stringMatching(/1$/), expect.stringMatching(/1$/), expect.stringMatching(/2$/)])
    expect(wrapper.find('details').text()).toContain('CUST-9')
    // What was sent is not sent again by a second press.
    expect(button('Upload')?.attributes('disabled')).toBeDefined()
  })

  it('test_upload__refused__reason_shown_and_file_kept', async () => {
    refusal = new ProblemError({ status: 400, code: 'segment.column_missing', detail: 'There is no such column.' })
    wrapper = mountApp(UploadCard, { segmentId: 's-1' }, { segments })
    await choose(new File(['a'], 'vip.csv'))
    await button('Upload')?.trigger('click')
    await flushPromises()
    expect(wrapper.find('[role="alert"]').text()).toBe('There is no such column.')
    expect(wrapper.find('dl').exists()).toBe(false)
    expect(button('Upload')?.attributes('disabled')).toBeUndefined()
  })

  it('test_choose__file_too_large__refused_before_it_is_sent', async () => {
    wrapper = mountApp(UploadCard, { segmentId: 's-1' }, { segments })
    const file = new File(['a'], 'big.csv')
    Object.defineProperty(file, 'size', { value: 51 * 1024 * 1024 })
    await choose(file)
    expect(wrapper.find('[role="alert"]').exists()).toBe(true)
    expect(button('Upload')?.attributes('disabled')).toBeDefined()
    expect(upload).not.toHaveBeenCalled()
  })
})
