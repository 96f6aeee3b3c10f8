import { describe, expect, it } from 'vitest'
import { nextOrdering, PAGE_SIZE_USUAL, readListState, requestOf, writeListState } from './listState'

describe('listState', () => {
  it('test_read__nonsense_in_the_address__usual_values', () => {
    expect(readListState({ page: '-3', size: '7', sort: ['a', 'b'] }, [])).toEqual({ page: 1, pageSize: PAGE_SIZE_USUAL, search: '', ordering: 'a', cursor: '', filters: {} })
  })

  it('test_write_then_read__everything_set__same_state', () => {
    const state = { page: 3, pageSize: 50, search: 'gold', ordering: '-name', cursor: 'abc', filters: { kind: 'static' } }
    const query = writeListState(state, {}, ['kind'])
    expect(readListState(query, ['kind'])).toEqual(state)
  })

  it('test_write__usual_state__clean_address_and_others_kept', () => {
    const state = readListState({}, ['kind'])
    expect(writeListState(state, { tab: 'members', page: '9', kind: 'static' }, ['kind'])).toEqual({ tab: 'members' })
  })

  it('test_request__keyset__cursor_instead_of_page', () => {
    const state = readListState({ page: '2', cursor: 'abc' }, [])
    expect(requestOf(state, true)).toEqual({ page_size: PAGE_SIZE_USUAL, cursor: 'abc' })
    expect(requestOf(state, false)).toEqual({ page_size: PAGE_SIZE_USUAL, page: 2 })
  })

  it('test_next_ordering__three_clicks__up_down_none', () => {
    expect(nextOrdering('', 'name')).toBe('name')
    expect(nextOrdering('name', 'name')).toBe('-name')
    expect(nextOrdering('-name', 'name')).toBe('')
    expect(nextOrdering('-name', 'count')).toBe('count')
  })
})
