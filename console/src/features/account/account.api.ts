/** One's own sign-in over HTTP: password, second factor, sessions. */
import { get, post, remove } from '@/shared/http/client'

export interface PasswordState {
  changed_at: string | null
  must_change: boolean
  rules: { length_min: number; history: number }
}

export interface SecondFactor {
  is_enrolled: boolean
  enrolled_at: string | null
  is_required: boolean
  recovery_codes_left: number
}

export interface Enrolment {
  secret: string
  uri: string
  qr_svg: string
}

export interface OwnSession {
  id: string
  is_current: boolean
  kind: 'password' | 'oidc'
  created_at: string
  last_seen_at: string
  expires_at: string
  address: string
  agent: string
  has_second_factor: boolean
}

const AT = '/api/auth/session/'

export const getPassword = (signal?: AbortSignal): Promise<PasswordState> => get<PasswordState>(`${AT}password/`, {}, signal)
export const changePassword = (old: string, fresh: string): Promise<unknown> => post(`${AT}password/`, { old_password: old, new_password: fresh })

export const getSecondFactor = (signal?: AbortSignal): Promise<SecondFactor> => get<SecondFactor>(`${AT}secondFactor/`, {}, signal)
export const enrol = (): Promise<Enrolment> => post<Enrolment>(`${AT}secondFactor/enrol/`)
export const confirmEnrolment = (code: string): Promise<{ recovery_codes: string[] }> => post<{ recovery_codes: string[] }>(`${AT}secondFactor/confirm/`, { code })
export const renewRecoveryCodes = (): Promise<{ recovery_codes: string[] }> => post<{ recovery_codes: string[] }>(`${AT}secondFactor/recoveryCodes/`)
export const removeSecondFactor = (): Promise<void> => remove(`${AT}secondFactor/`)

export const listSessions = async (signal?: AbortSignal): Promise<OwnSession[]> => (await get<{ results: OwnSession[] }>('/api/auth/sessions/', {}, signal)).results
export const endSession = (id: string): Promise<void> => remove(`/api/auth/sessions/${id}/`)
export const endOtherSessions = (): Promise<{ ended: number }> => post<{ ended: number }>('/api/auth/sessions/endOthers/')
