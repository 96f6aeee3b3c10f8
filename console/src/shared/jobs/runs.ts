/** A run: long work of the server, as `runs/{id}/` shows it. */
import { get, post } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'

export type RunStatus = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

type Told = Precise<Schemas['Run'], {
  status: RunStatus
  /** Zero or nothing until the work knows how much there is. */
  total: number | null
  result: Record<string, unknown> | null
  error: { code: string; message: string } | null
  started_at: string | null
  finished_at: string | null
}>

/** What following a run needs; a run that was just started may tell no more. */
export type Run = Pick<Told, 'id' | 'kind' | 'status' | 'phase' | 'done' | 'total' | 'result' | 'error' | 'started_at' | 'finished_at'>

export const getRun = (id: string): Promise<Run> => get<Run>(`runs/${id}/`)
/** The latest run about a thing, whoever started it; null when there was none. */
export async function findLatestRun(kind: string, subjectRef: string): Promise<Run | null> {
  const page = await get<Page<Run>>('runs/', { kind, subject_ref: subjectRef, page_size: 1 })
  return page.results[0] ?? null
}

export const cancelRun = (id: string): Promise<unknown> => post(`runs/${id}/cancel/`)

export const isFinished = (run: Run): boolean => run.status === 'SUCCEEDED' || run.status === 'FAILED' || run.status === 'CANCELLED'
