/** The audit log over HTTP: what was done, and whether the log itself is whole. */
import { download, get, post } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Schemas } from '@/shared/http/schema'

export type AuditEntry = Schemas['AuditEntry']
export type Verification = Schemas['Verification']

export const AUDIT_FILTERS = ['act', 'actor_kind', 'actor_ref', 'subject_kind', 'subject_ref', 'request_id', 'remote_address', 'at_after', 'at_before'] as const

export const listAudit = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<AuditEntry>> => get<Page<AuditEntry>>('auditLogs/', params, signal)
export const exportAudit = (params: Record<string, unknown>): Promise<void> => download('auditLogs/export/', params, 'audit.csv')
export const getVerification = (signal?: AbortSignal): Promise<Verification> => get<Verification>('auditLogs/verify/', {}, signal)
export const verifyAudit = (isFull: boolean): Promise<Verification | { run_id: string }> => post<Verification | { run_id: string }>('auditLogs/verify/', { full: isFull })
