import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import en from '../locales/en.json'
import type { Verdict } from '../campaigns.api'
import VerdictLines from './VerdictLines.vue'

const linesOf = (verdict: Verdict): string[] => mountApp(VerdictLines, { verdict }, { campaigns: en }).findAll('p').map((line) => line.text())

describe('VerdictLines', () => {
  it('test_customer__of_the_audience__told_by_channel_what_would_happen_and_why', () => {
    const lines = linesOf({ is_meant: true, reasons: { email: 'no_consent', sms: '', push: '' }, waits: { email: null, sms: '2026-11-29T07:00:00Z', push: null } })
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain(en.reasons.no_consent)
    expect(lines[1]).toMatch(/wait until .*2026/)
    expect(lines[2]).toContain('at once')
  })
  it('test_customer__outside_the_audience__told_so_and_nothing_of_channels', () => {
    expect(linesOf({ is_meant: false, reasons: { email: '' }, waits: { email: null } })).toEqual([en.wouldGo.notMeant])
  })
})
