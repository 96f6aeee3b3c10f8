/** Users, roles, permissions and tokens over HTTP. */
import { get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'

export type Scope = 'all' | 'program' | 'partner' | 'own'
export const SCOPES: readonly Scope[] = ['all', 'program', 'partner', 'own']

/** What a role gives: a permission or a pattern such as `points.*`, where, and up to how many points. */
export interface Grant {
  permission: string
  scope: Scope
  points_max: number | null
}

export type Permission = Schemas['Permission']
export type Role = Precise<Schemas['Role'], { grants: Grant[] }>
export type User = Precise<Schemas['User'], { kind: 'person' | 'service' | 'partner'; last_login_at: string | null; scope_refs: Record<string, string[]> }>
export type UserRole = Schemas['UserRole']
export type Effective = Schemas['EffectivePermissionAnswer']
export type Token = Precise<Schemas['Token'], { expires_at: string | null; last_used_at: string | null; revoked_at: string | null }>
export type IssuedToken = Token & { secret: string }

const ALL = { page_size: 200 }

export const listUsers = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<User>> => get<Page<User>>('users/', params, signal)
export const getUser = (id: string, signal?: AbortSignal): Promise<User> => get<User>(`users/${id}/`, {}, signal)
export const createUser = (body: { username: string; email: string; password: string; kind: 'person' | 'service'; roles: string[] }): Promise<User> => post<User>('users/', body)
export const changeUser = async (id: string, part: Partial<Pick<User, 'email' | 'is_active' | 'person_ref'>>): Promise<User> => (await patchTagged<User>(`users/${id}/`, part, null)).data
export const getEffective = async (id: string, signal?: AbortSignal): Promise<Effective[]> => (await get<{ results: Effective[] }>(`users/${id}/effectivePermissions/`, {}, signal)).results

export const listUserRoles = async (user: string, signal?: AbortSignal): Promise<UserRole[]> => (await get<Page<UserRole>>('userRoles/', { user, ...ALL }, signal)).results
export const giveRole = (user: string, role: string, refs: string[]): Promise<UserRole> => post<UserRole>('userRoles/', { user, role, scope_refs: refs })
export const takeRole = (id: string): Promise<void> => remove(`userRoles/${id}/`)

export const listRoles = async (signal?: AbortSignal): Promise<Role[]> => (await get<Page<Role>>('roles/', ALL, signal)).results
export const getRole = (id: string): Promise<Tagged<Role>> => getTagged<Role>(`roles/${id}/`)
export const createRole = (body: { code: string; name: string; description: string; permissions: Grant[] }): Promise<Role> => post<Role>('roles/', body)
export const changeRole = async (role: Role, part: { name?: string; description?: string; permissions?: Grant[] }): Promise<Role> => (await patchTagged<Role>(`roles/${role.id}/`, part, `"${role.version}"`)).data
export const deleteRole = (id: string): Promise<void> => remove(`roles/${id}/`)
export const listPermissions = async (signal?: AbortSignal): Promise<Permission[]> => (await get<Page<Permission>>('permissions/', ALL, signal)).results

/** Tokens of users and services, or the keys of partners: the same shape under two addresses. */
export type TokenKind = 'apiTokens' | 'partnerApiKeys'
export const listTokens = (kind: TokenKind, params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Token>> => get<Page<Token>>(`${kind}/`, params, signal)
export const issueToken = (kind: TokenKind, body: Record<string, unknown>): Promise<IssuedToken> => post<IssuedToken>(`${kind}/`, body)
export const rotateToken = (kind: TokenKind, id: string, overlapHours: number): Promise<IssuedToken> => post<IssuedToken>(`${kind}/${id}/rotate/`, { overlap_hours: overlapHours })
export const revokeToken = (kind: TokenKind, id: string): Promise<void> => remove(`${kind}/${id}/`)
