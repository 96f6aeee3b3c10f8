/** The server's refusals (RFC 9457) as one kind of error, and the words for them by stable code. */
import axios from 'axios'
import { z } from 'zod/mini'

export interface FieldProblem {
  field: string
  code: string
  message: string
}

const problemShape = z.looseObject({
  title: z.optional(z.string()),
  detail: z.optional(z.nullable(z.string())),
  code: z.optional(z.string()),
  status: z.optional(z.number()),
  errors: z.optional(z.array(z.looseObject({ field: z.optional(z.string()), code: z.optional(z.string()), message: z.optional(z.string()) }))),
})

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
  const parsed = z.safeParse(problemShape, error.response?.data)
  if (!parsed.success) return new ProblemError({ status, code: codeForStatus(status), requestId })
  const body = parsed.data
  return new ProblemError({
    status,
    code: body.code ?? codeForStatus(status),
    title: body.title,
    detail: body.detail ?? '',
    fields: (body.errors ?? []).map((item) => ({ field: item.field ?? '', code: item.code ?? '', message: item.message ?? '' })),
    requestId,
    facts: body as Record<string, unknown>,
  })
}

export interface Words {
  t: (key: string, values?: Record<string, unknown>) => string
  te: (key: string) => boolean
}

/** The sentence for a problem: by its code, else what the server said, else by its status. */
export function problemMessage(problem: ProblemError, words: Words): string {
  const byCode = `problems.${problem.code}`
  if (words.te(byCode)) return words.t(byCode, { ...problem.facts })
  if (problem.detail) return problem.detail
  if (problem.title) return problem.title
  return words.t(`problems.${codeForStatus(problem.status)}`)
}

/** Field problems as Nuxt UI forms want them; a nested path stays dotted. */
export function formErrors(problem: ProblemError): { name: string; message: string }[] {
  return problem.fields.filter((item) => item.field !== '').map((item) => ({ name: item.field, message: item.message }))
}
