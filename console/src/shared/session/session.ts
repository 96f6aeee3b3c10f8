/** Who is signed in: the one store that outlives pages and is not server data. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { get, post, postWhole } from '@/shared/http/client'
import { toProblem } from '@/shared/http/problems'
import { isAllowed, type Needed } from './permissions'

export interface User {
  id: string
  username: string
  roles: string[]
  permissions: string[]
}

/** What has to be done before anything else: a password to change, a second factor to set up. */
export type Duty = 'password' | 'second_factor'

interface SignInAnswer {
  user: User
  must_change_password?: boolean
  second_factor_due?: boolean
}

/** The password was right, and a code is still needed. */
export interface Challenge {
  challenge: string
  kinds: string[]
}

type MeAnswer = User | SignInAnswer

const userOf = (answer: MeAnswer): User => ('user' in answer ? answer.user : answer)

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  const isKnown = ref(false)
  const duty = ref<Duty | null>(null)
  const isSignedIn = computed(() => user.value !== null)

  /** Asks the server who we are; being nobody is an answer, not an error. */
  async function restore(): Promise<void> {
    try {
      take(await get<MeAnswer>('/api/auth/me/'))
    } catch (error) {
      const problem = toProblem(error)
      if (problem.status !== 401 && problem.status !== 403) throw problem
      user.value = null
    }
    isKnown.value = true
  }

  function take(answer: MeAnswer): void {
    user.value = userOf(answer)
    if ('user' in answer) duty.value = answer.must_change_password ? 'password' : answer.second_factor_due ? 'second_factor' : null
    isKnown.value = true
  }

  /** Null when signed in; a challenge when a code of the second factor is still needed. */
  async function signIn(username: string, password: string, code = ''): Promise<Challenge | null> {
    const answer = await postWhole<SignInAnswer | { second_factor: Challenge }>('/api/auth/login/', { username, password, ...(code ? { code } : {}) })
    if ('second_factor' in answer.data) return answer.data.second_factor
    take(answer.data)
    return null
  }

  /** The code of the second factor, or one of the recovery codes instead. */
  async function verify(challenge: Challenge, code: string, isRecovery: boolean): Promise<void> {
    take(await post<SignInAnswer>('/api/auth/session/secondFactor/verify/', { challenge: challenge.challenge, [isRecovery ? 'recovery_code' : 'code']: code }))
  }

  /** Where to go on to: the place of the outside identity provider, when it has to be told too. */
  async function signOut(): Promise<string | null> {
    const answer = await post<{ end_session_url?: string } | ''>('/api/auth/logout/')
    forget()
    return (answer && answer.end_session_url) || null
  }

  function forget(): void {
    user.value = null
    duty.value = null
    isKnown.value = true
  }

  const can = (permission: Needed | undefined): boolean => isAllowed(user.value, permission)

  return { user, isKnown, isSignedIn, duty, restore, signIn, verify, signOut, forget, can }
})
