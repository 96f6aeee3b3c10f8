/** The only place that speaks HTTP: same-origin session cookie, CSRF header, problems as errors. */
import axios, { type AxiosRequestConfig, type AxiosRequestHeaders, type AxiosResponse } from 'axios'
import { isExactNumber, readAnswer, writeBodyExactly } from './exact'
import { ProblemError, toProblem } from './problems'

const TIMEOUT_MS = 30_000
export const LOYALTY = '/api/loyalty/v1/'

function holdsExactNumber(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || data instanceof FormData) return false
  return isExactNumber(data) || Object.values(data).some(holdsExactNumber)
}

function writeBody(data: unknown, headers: AxiosRequestHeaders): unknown {
  if (!holdsExactNumber(data)) return data
  headers.setContentType('application/json')
  return writeBodyExactly(data)
}

/** Documents that are edited and written back keep every digit of their numbers. */
const EXACT: AxiosRequestConfig = { transformResponse: [readAnswer], responseType: 'text' }

export const http = axios.create({
  timeout: TIMEOUT_MS,
  withCredentials: true,
  xsrfCookieName: 'csrftoken',
  xsrfHeaderName: 'X-CSRFToken',
  headers: { Accept: 'application/json, application/problem+json' },
  transformRequest: [writeBody, ...[axios.defaults.transformRequest ?? []].flat()],
  paramsSerializer: (params: Record<string, unknown>) => queryOf(params),
})

// Sentences that the server says, such as rules in words, come in the language of the page.
http.interceptors.request.use((config) => {
  config.headers.set('Accept-Language', document.documentElement.lang || 'en')
  return config
})

type Listener = () => void
let onSignedOut: Listener = () => undefined

/** The session is told when the server no longer knows us; set once by the app. */
export function whenSignedOut(listener: Listener): void {
  onSignedOut = listener
}

/** What the server asks of the person before it goes on; set once by the app. */
export interface Demands {
  /** Proof that it is still the same person: true when the request may be sent again. */
  prove: (kinds: readonly string[]) => Promise<boolean>
  /** A change that waits for somebody else's consent. */
  wait: (request: WaitingRequest) => void
  /** Something that has to be done first: a new password, a second factor. */
  first: (duty: string) => void
}

export interface WaitingRequest {
  id: string
  state: string
  kind: string
}

let demands: Demands | null = null
export function whenDemanded(answers: Demands): void {
  demands = answers
}

const DUTIES = ['password.change_required', 'second_factor.enrolment_required']

function waitingOf(response: AxiosResponse<unknown>): WaitingRequest | null {
  if (response.status !== 202 || typeof response.data !== 'object' || response.data === null) return null
  return (response.data as { approval_request?: WaitingRequest }).approval_request ?? null
}

/** Query string without the parameters that say nothing. */
export function queryOf(params: Record<string, unknown>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null || value === '') continue
    query.append(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  return query.toString()
}

function kindsOf(problem: ProblemError): string[] {
  const kinds = problem.facts['kinds']
  return Array.isArray(kinds) ? kinds.map(String) : ['password']
}

async function send(config: AxiosRequestConfig, isAgain = false): Promise<AxiosResponse<unknown>> {
  try {
    const response = await http.request<unknown>(config)
    const waiting = waitingOf(response)
    if (waiting === null) return response
    demands?.wait(waiting)
    throw new ProblemError({ status: 202, code: 'approvals.waiting', facts: { ...waiting } })
  } catch (error) {
    const problem = toProblem(error)
    if (problem.code === 'step_up.required' && !isAgain && (await demands?.prove(kindsOf(problem)))) return send(config, true)
    if (DUTIES.includes(problem.code)) demands?.first(problem.code)
    if (problem.status === 401 && !config.url?.startsWith('/api/auth/')) onSignedOut()
    throw problem
  }
}

/** Relative paths belong to the loyalty API; absolute ones (sign-in) are taken as they are. */
const at = (path: string): string => (path.startsWith('/') ? path : LOYALTY + path)

export async function get<T>(path: string, params: Record<string, unknown> = {}, signal?: AbortSignal): Promise<T> {
  return (await send({ method: 'GET', url: at(path), params, signal })).data as T
}

export interface Tagged<T> {
  data: T
  etag: string | null
}

function tagOf(response: AxiosResponse<unknown>): string | null {
  const tag: unknown = response.headers['etag']
  return typeof tag === 'string' ? tag : null
}

/** A thing together with its ETag, so that an edit can say which state it was made on. */
export async function getTagged<T>(path: string): Promise<Tagged<T>> {
  const response = await send({ method: 'GET', url: at(path), ...EXACT })
  return { data: response.data as T, etag: tagOf(response) }
}

/** A new document, as it was taken. */
export async function create<T>(path: string, body: unknown): Promise<T> {
  return (await send({ method: 'POST', url: at(path), data: body, ...EXACT })).data as T
}

export async function post<T>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<T> {
  return (await send({ method: 'POST', url: at(path), data: body, headers })).data as T
}

/** What the server answers with, whole: for answers whose status says something. */
export async function postWhole<T>(path: string, body: unknown = {}): Promise<{ status: number; data: T }> {
  const { status, data } = await send({ method: 'POST', url: at(path), data: body })
  return { status, data: data as T }
}

const DOWNLOAD_MS = 60_000
/** A file to keep, with the filters of a list. */
export async function download(path: string, params: Record<string, unknown>, name: string): Promise<void> {
  const response = await send({ method: 'GET', url: at(path), params, responseType: 'blob', headers: { Accept: 'text/csv, application/problem+json' } })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(response.data as Blob)
  link.download = name
  link.click()
  // Not at once: the browser takes the file up only after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_MS)
}

export async function putTagged<T>(path: string, body: unknown, etag: string | null): Promise<Tagged<T>> {
  const response = await send({ method: 'PUT', url: at(path), data: body, headers: etag ? { 'If-Match': etag } : {}, ...EXACT })
  return { data: response.data as T, etag: tagOf(response) }
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return (await send({ method: 'PUT', url: at(path), data: body })).data as T
}

export async function patchTagged<T>(path: string, body: unknown, etag: string | null): Promise<Tagged<T>> {
  const response = await send({ method: 'PATCH', url: at(path), data: body, headers: etag ? { 'If-Match': etag } : {}, ...EXACT })
  return { data: response.data as T, etag: tagOf(response) }
}

export async function remove(path: string, etag: string | null = null): Promise<void> {
  await send({ method: 'DELETE', url: at(path), headers: etag ? { 'If-Match': etag } : {} })
}

/** The part of a keyset page's `next` or `previous` address that the list needs to go on. */
export function cursorOf(address: string | null | undefined): string | null {
  if (!address) return null
  return new URL(address, 'http://console.invalid').searchParams.get('cursor')
}
