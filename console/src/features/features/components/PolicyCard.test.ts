import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import { useSession } from '@/shared/session/session'
import { mountApp } from '@/testing/mountApp'
import features from '../locales/en.json'
import * as api from '../features.api'
import PolicyCard from './PolicyCard.vue'

vi.mock('../features.api', async (original) => ({ ...(await original<typeof api>()), getPolicy: vi.fn(), changePolicy: vi.fn() }))

const POLICY = { data_source: 'auto', merge_strategy: 'dwh_first', cache_seconds: 3600, stale_seconds: 86400, version: 1, updated_at: null } as const
let wrapper: VueWrapper

beforeEach(() => {
  vi.mocked(api.getPolicy).mockResolvedValue({ ...POLICY })
  vi.mocked(api.changePolicy).mockImplementation(async (part) => ({ ...POLICY, ...part, version: 2 }) as api.Policy)
})
afterEach(() => wrapper.unmount())

const shown = async (permissions: string[]): Promise<VueWrapper> => {
  wrapper = mountApp(PolicyCard, {}, { features })
  const session = useSession()
  session.user = { username: 'k', permissions } as never
  await vi.waitFor(() => expect(wrapper.text()).toContain('Merge strategy'))
  return wrapper
}
const saveButton = () => wrapper.findAll('button').find((button) => button.text() === 'Save')

describe('PolicyCard', () => {
  it('test_save__strategy_changed__only_that_is_sent', async () => {
    await shown(['features.configure'])
    await wrapper.find('input[value="merge"], button[value="merge"]').trigger('click')
    await vi.waitFor(() => expect(saveButton()?.attributes('aria-disabled')).toBeUndefined())
    await saveButton()?.trigger('click')
    await vi.waitFor(() => expect(api.changePolicy).toHaveBeenCalledWith({ merge_strategy: 'merge' }))
  })

  it('test_without_permission__shown_and_not_to_be_changed', async () => {
    await shown(['features.view'])
    expect(saveButton()?.attributes('aria-disabled')).toBe('true')
    expect(wrapper.findAll('button[role="radio"]').every((radio) => radio.attributes('disabled') !== undefined)).toBe(true)
  })
})
