/** The server's refusals (RFC 9457) as one kind of error, and the words for them by stable code. */
import axios from 'axios'

export interface FieldProblem {
  field: string
  code: string
  message: string
}

interface Body {
  title?: string
  detail?: string
  code?: string
  fields: FieldProblem[]
  facts: Record<string, unknown>
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A problem document as far as it is one; anything else (an HTML page of a proxy) is null. */
function readBody(data: unknown): Body | null {
  if (!isRecord(data)) return null
  const errors = Array.isArray(data['errors']) ? data['errors'].filter(isRecord) : []
  return {
    title: textOf(data['title']),
    detail: textOf(data['detail']),
    code: textOf(data['code']),
    fields: errors.map((item) => ({ field: textOf(item['field']) ?? '', code: textOf(item['code']) ?? '', message: textOf(item['message']) ?? '' })),
    facts: data,
  }
}

export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly fields: readonly FieldProblem[]
  readonly requestId: string | null
  readonly facts: Readonly<Record<string, unknown>>

  constructor(init: { status: number; code: string; title?: string; detail?: string; fields?: FieldProblem[]; requestId?: string | null; facts?: Record<string, unknown> }) {
    super(init.detail || init.title || init.code)
    this.status = init.status
    this.code = init.code
    this.title = init.title ?? ''
    this.detail = init.detail ?? ''
    this.fields = init.fields ?? []
    this.requestId = init.requestId ?? null
    this.facts = init.facts ?? {}
  }

  /** Whether asking again, unchanged, may succeed. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502
  }
}

function codeForStatus(status: number): string {
  if (status === 0) return 'console.unreachable'
  if (status === 401) return 'console.signed_out'
  if (status === 403) return 'console.forbidden'
  if (status === 404) return 'console.not_found'
  if (status === 412) return 'console.changed_meanwhile'
  if (status === 429) return 'console.too_fast'
  return status >= 500 ? 'console.fault' : 'console.refused'
}

function headerOf(headers: unknown, name: string): string | null {
  if (headers === null || typeof headers !== 'object') return null
  const value = (headers as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : null
}

/** Turns whatever was thrown into a ProblemError; a fault of the console itself keeps its message. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (!axios.isAxiosError(error)) {
    return new ProblemError({ status: -1, code: 'console.fault', detail: error instanceof Error ? error.message : String(error) })
  }
  const status = error.response?.status ?? 0
  const requestId = headerOf(error.response?.headers, 'x-request-id')
  if (status === 0 && error.code === 'ECONNABORTED') return new ProblemError({ status, code: 'console.timeout' })
  const body = readBody(error.response?.data)
  if (body === null) return new ProblemError({ status, code: codeForStatus(status), requestId })
  return new ProblemError({ ...body, status, code: body.code ?? codeForStatus(status), requestId })
}

export interface Words {
  t: (key: string, values?: Record<string, unknown>) => string
  te: (key: string) => boolean
}

/** Whether a change was taken and waits for somebody's consent: the frame has said so already, and nothing is wrong. */
export const isWaiting = (error: unknown): boolean => error instanceof ProblemError && error.code === 'approvals.waiting'

/** A sentence in another direction than the words around it, kept together. */
const isolated = (text: string): string => `\u2068${text}\u2069`

/**
 * The sentence for a problem: by its code, else what the server said, else by its status. In another language than the
 * server's the words of the code come first, and what the server said of this very case after them.
 */
export function problemMessage(problem: ProblemError, words: Words): string {
  const byCode = `problems.${problem.code}`
  if (words.te(byCode)) return words.t(byCode, { ...problem.facts })
  const refused = `refusals.${problem.code}`
  if (words.te(refused)) return problem.detail && problem.detail !== problem.title ? `${words.t(refused)} ${isolated(`(${problem.detail})`)}` : words.t(refused)
  if (problem.detail) return problem.detail
  if (problem.title) return problem.title
  return words.t(`problems.${codeForStatus(problem.status)}`)
}

/** Field problems as Nuxt UI forms want them; a nested path stays dotted. */
export function formErrors(problem: ProblemError): { name: string; message: string }[] {
  return problem.fields.filter((item) => item.field !== '').map((item) => ({ name: item.field, message: item.message }))
}
