import { describe, expect, it } from 'vitest'
import { actsOf, isMove, isStatusChange } from './acts'

const named = (account: { status: string; points_available: number; points_balance: number }): string[] => actsOf(account).flat().map((entry) => entry.act)

describe('actsOf', () => {
  it('test_acts__active_with_points__everything_but_closing', () => {
    expect(named({ status: 'ACTIVE', points_available: 5, points_balance: 5 })).toEqual(['adjust', 'transfer', 'hold', 'freeze', 'merge'])
  })

  it('test_acts__active_and_empty__may_be_closed_and_gives_nothing_away', () => {
    expect(named({ status: 'ACTIVE', points_available: 0, points_balance: 0 })).toEqual(['adjust', 'freeze', 'merge', 'close'])
  })

  it('test_acts__frozen__may_be_reopened', () => {
    expect(named({ status: 'FROZEN', points_available: 5, points_balance: 5 })).toContain('unfreeze')
    expect(named({ status: 'FROZEN', points_available: 5, points_balance: 5 })).not.toContain('transfer')
  })

  it('test_acts__closed__nothing_left_to_do', () => {
    expect(actsOf({ status: 'CLOSED', points_available: 0, points_balance: 0 })).toEqual([])
  })

  it('test_acts__kinds__are_told_apart', () => {
    expect([isMove('burn'), isMove('adjust'), isStatusChange('merge'), isStatusChange('hold')]).toEqual([true, false, true, false])
  })
})
