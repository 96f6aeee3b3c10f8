import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import * as api from '../campaigns.api'
import en from '../locales/en.json'
import CampaignCalendar from './CampaignCalendar.vue'

const at = (hour: number): string => { const day = new Date(); day.setHours(hour, 0, 0, 0); return day.toISOString() }
const entry = (name: string, hour: number, part: Partial<api.CalendarEntry> = {}): api.CalendarEntry => ({ campaign: name, name, status: 'ACTIVE', channels: ['email'], at: at(hour), occurrence: '', is_past: false, is_cut: false, ...part })
const EVENT = { ...api.blankCampaign(), id: 'e1', name: 'Welcome', trigger: { kind: 'event', event_type: 'customer.created', filter: null } } as unknown as api.Campaign

describe('CampaignCalendar', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_day__more_than_fit__the_rest_is_counted_and_each_leads_to_its_campaign', async () => {
    vi.spyOn(api, 'getCalendar').mockResolvedValue(['One', 'Two', 'Three', 'Four', 'Five'].map((name, place) => entry(name, 8 + place, { is_past: place === 0 })))
    vi.spyOn(api, 'listCampaigns').mockResolvedValue({ count: 1, results: [EVENT] } as unknown as Awaited<ReturnType<typeof api.listCampaigns>>)
    const wrapper = mountApp(CampaignCalendar, {}, { campaigns: en })
    await flushPromises()
    const today = wrapper.findAll('ol > li').find((cell) => cell.findAll('a').length > 0)
    expect(today?.findAll('a').map((one) => one.attributes('href'))).toEqual(['/campaigns/One', '/campaigns/Two', '/campaigns/Three'])
    expect(today?.text()).toContain('and 2 more')
    expect(today?.find('a').attributes('title')).toContain(en.cal.went)
    expect(wrapper.text()).toContain('Welcome')
    wrapper.unmount()
  })

  it('test_day__of_a_line_that_fires_often__is_one_entry_and_hides_no_other_campaign', async () => {
    const often = [8, 9, 10, 11].map((hour) => entry('Often', hour, { is_cut: hour === 11 }))
    vi.spyOn(api, 'getCalendar').mockResolvedValue([...often, entry('Evening', 18)])
    vi.spyOn(api, 'listCampaigns').mockResolvedValue({ count: 0, results: [] } as unknown as Awaited<ReturnType<typeof api.listCampaigns>>)
    const wrapper = mountApp(CampaignCalendar, {}, { campaigns: en })
    await flushPromises()
    const shown = wrapper.findAll('ol > li a').map((one) => one.text().replaceAll(/\s+/g, ' '))
    expect(shown).toEqual([expect.stringMatching(/8:00.*Often ×4\+$/), expect.stringMatching(/6:00.*Evening$/)])
    wrapper.unmount()
  })

  it('test_later__asks_for_the_next_month', async () => {
    const asked = vi.spyOn(api, 'getCalendar').mockResolvedValue([])
    vi.spyOn(api, 'listCampaigns').mockResolvedValue({ count: 0, results: [] } as unknown as Awaited<ReturnType<typeof api.listCampaigns>>)
    const wrapper = mountApp(CampaignCalendar, {}, { campaigns: en })
    await flushPromises()
    const before = wrapper.find('h2').text()
    await wrapper.find(`[aria-label="${en.cal.after}"]`).trigger('click')
    await flushPromises()
    expect(asked).toHaveBeenCalledTimes(2)
    expect(wrapper.find('h2').text()).not.toBe(before)
    expect(wrapper.text()).toContain(en.cal.none)
    wrapper.unmount()
  })
})
