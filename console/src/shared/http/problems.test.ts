import { AxiosError, AxiosHeaders } from 'axios'
import { describe, expect, it } from 'vitest'
import { cursorOf, queryOf } from './client'
import { formErrors, ProblemError, problemMessage, toProblem } from './problems'

const known: Record<string, string> = { 'problems.points.insufficient': 'Not enough points', 'problems.console.fault': 'Our fault', 'problems.console.unreachable': 'No connection' }
const words = { t: (key: string) => known[key] ?? key, te: (key: string) => key in known }

function answered(status: number, data: unknown): AxiosError {
  const config = { headers: new AxiosHeaders() }
  return new AxiosError('refused', undefined, config, {}, { status, data, statusText: '', headers: { 'x-request-id': 'r-1' }, config })
}

describe('toProblem', () => {
  it('test_to_problem__rfc_9457_body__code_fields_and_request_id_taken', () => {
    const problem = toProblem(answered(400, { code: 'request.invalid', title: 'Invalid', detail: 'Two fields.', errors: [{ field: 'name', code: 'required', message: 'Needed.' }] }))
    expect(problem).toMatchObject({ status: 400, code: 'request.invalid', detail: 'Two fields.', requestId: 'r-1' })
    expect(formErrors(problem)).toEqual([{ name: 'name', message: 'Needed.' }])
  })

  it('test_to_problem__html_error_page__code_by_status', () => {
    expect(toProblem(answered(500, '<html>')).code).toBe('console.fault')
    expect(toProblem(answered(403, '<html>')).code).toBe('console.forbidden')
  })

  it('test_to_problem__no_answer__unreachable_and_temporary', () => {
    const problem = toProblem(new AxiosError('Network Error', 'ERR_NETWORK'))
    expect(problem.code).toBe('console.unreachable')
    expect(problem.isTemporary).toBe(true)
  })

  it('test_to_problem__timeout__named', () => {
    expect(toProblem(new AxiosError('timeout', 'ECONNABORTED')).code).toBe('console.timeout')
  })

  it('test_is_temporary__refusals__false', () => {
    expect(new ProblemError({ status: 409, code: 'x' }).isTemporary).toBe(false)
    expect(new ProblemError({ status: 429, code: 'x' }).isTemporary).toBe(true)
  })
})

describe('problemMessage', () => {
  it('test_problem_message__known_code__our_words', () => {
    expect(problemMessage(new ProblemError({ status: 409, code: 'points.insufficient', detail: 'Balance 3.' }), words)).toBe('Not enough points')
  })

  it('test_problem_message__in_another_language__words_of_the_code_then_what_the_server_said', () => {
    const arabic = { t: (key: string) => (key === 'refusals.points.insufficient' ? 'النقاط غير كافية.' : key), te: (key: string) => key === 'refusals.points.insufficient' }
    expect(problemMessage(new ProblemError({ status: 409, code: 'points.insufficient', title: 'Not enough points', detail: 'Balance 3.' }), arabic)).toBe('النقاط غير كافية. \u2068(Balance 3.)\u2069')
    expect(problemMessage(new ProblemError({ status: 409, code: 'points.insufficient', title: 'Not enough points', detail: 'Not enough points' }), arabic)).toBe('النقاط غير كافية.')
  })

  it('test_problem_message__unknown_code__what_the_server_said', () => {
    expect(problemMessage(new ProblemError({ status: 409, code: 'new.code', title: 'T', detail: 'D' }), words)).toBe('D')
    expect(problemMessage(new ProblemError({ status: 409, code: 'new.code', title: 'T' }), words)).toBe('T')
  })

  it('test_problem_message__nothing_said__by_status', () => {
    expect(problemMessage(new ProblemError({ status: 500, code: 'new.code' }), words)).toBe('Our fault')
  })
})

describe('client', () => {
  it('test_query_of__empty_values__left_out', () => {
    expect(queryOf({ page: 1, search: '', kind: undefined, tags: ['a', 'b'], off: null })).toBe('page=1&tags=a%2Cb')
  })

  it('test_cursor_of__next_address__cursor_taken', () => {
    expect(cursorOf('http://server/api/x/?cursor=abc%3D&page_size=25')).toBe('abc=')
    expect(cursorOf(null)).toBeNull()
  })
})
