import { describe, expect, it, vi } from 'vitest'
import { useHistory } from './useDocument'

describe('useHistory', () => {
  it('test_undo_redo__three_changes__walks_both_ways', () => {
    const history = useHistory({ n: 0 })
    history.change({ n: 1 })
    history.change({ n: 2 })
    history.undo()
    expect(history.current.value.n).toBe(1)
    history.undo()
    history.undo()
    expect(history.current.value.n).toBe(0)
    history.redo()
    history.redo()
    expect(history.current.value.n).toBe(2)
    expect(history.canRedo.value).toBe(false)
  })

  it('test_change__typing_burst__one_step', () => {
    const history = useHistory({ name: '' })
    for (const name of ['G', 'Go', 'Gol', 'Gold']) history.change({ name }, 'name')
    history.undo()
    expect(history.current.value.name).toBe('')
  })

  it('test_change__pause_within_a_burst__two_steps', () => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(0)
    const history = useHistory({ name: '' })
    history.change({ name: 'G' }, 'name')
    clock.mockReturnValue(5_000)
    history.change({ name: 'Go' }, 'name')
    history.undo()
    expect(history.current.value.name).toBe('G')
    clock.mockRestore()
  })

  it('test_is_dirty__changed_back_by_hand__clean', () => {
    const history = useHistory({ name: 'a' })
    history.change({ name: 'b' })
    expect(history.isDirty.value).toBe(true)
    history.change({ name: 'a' })
    expect(history.isDirty.value).toBe(false)
  })

  it('test_change_after_undo__future_is_gone', () => {
    const history = useHistory({ n: 0 })
    history.change({ n: 1 })
    history.undo()
    history.change({ n: 5 })
    expect(history.canRedo.value).toBe(false)
  })
})
