import { describe, expect, it } from 'vitest'
import { pollEveryMs } from './polling'

describe('polling', () => {
  it('test_figures__while_messages_wait__are_asked_for_though_everybody_is_placed', () => {
    expect(pollEveryMs({ queued: 5, placed: 3_000 }, false, 'ACTIVE')).toBe(3_000)
    expect(pollEveryMs({ queued: 0, placed: 3_000 }, false, 'ACTIVE')).toBe(false)
    expect(pollEveryMs(undefined, true, 'ACTIVE')).toBe(3_000)
  })

  it('test_figures__of_a_paused_campaign__stand_still', () => {
    expect(pollEveryMs({ queued: 5, placed: 3_000 }, false, 'PAUSED')).toBe(false)
  })

  it('test_figures__of_very_many__are_asked_for_seldom', () => {
    expect(pollEveryMs({ queued: 5, placed: 2_000_000 }, false, 'ACTIVE')).toBe(30_000)
  })
})
