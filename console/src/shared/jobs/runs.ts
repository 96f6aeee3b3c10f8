/** A run: long work of the server, as `runs/{id}/` shows it. */
import { get, post } from '@/shared/http/client'

export type RunStatus = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

export interface Run {
  id: string
  kind: string
  status: RunStatus
  phase: string
  done: number
  total: number | null
  result: Record<string, unknown> | null
  error: { code: string; message: string } | null
  started_at: string | null
  finished_at: string | null
}

export const getRun = (id: string): Promise<Run> => get<Run>(`runs/${id}/`)
export const cancelRun = (id: string): Promise<unknown> => post(`runs/${id}/cancel/`)

export const isFinished = (run: Run): boolean => run.status === 'SUCCEEDED' || run.status === 'FAILED' || run.status === 'CANCELLED'
