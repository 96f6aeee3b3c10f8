/** How other users sign in, over HTTP: what an administrator sees and may do. */
import { get, post, remove } from '@/shared/http/client'

export interface SignInState {
  has_password: boolean
  password_changed_at: string | null
  must_change_password: boolean
  has_second_factor: boolean
  is_slowed_until: string | null
  sessions: { id: string; address: string; agent: string; last_seen_at: string }[]
}

const at = (user: string): string => `users/${user}/`
export const getSignIn = (user: string, signal?: AbortSignal): Promise<SignInState> => get<SignInState>(`${at(user)}signIn/`, {}, signal)
export const resetPassword = (user: string): Promise<{ token: string; expires_at: string }> => post<{ token: string; expires_at: string }>(`${at(user)}passwordReset/`)
export const mustChangePassword = (user: string): Promise<unknown> => post(`${at(user)}mustChangePassword/`)
export const unlock = (user: string): Promise<unknown> => post(`${at(user)}unlock/`)
export const removeFactor = (user: string): Promise<unknown> => remove(`${at(user)}secondFactor/`)
export const endSessions = (user: string): Promise<unknown> => remove(`${at(user)}sessions/`)
