/** Who is signed in: the one store that outlives pages and is not server data. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { get, post } from '@/shared/http/client'
import { toProblem } from '@/shared/http/problems'
import { isAllowed } from './permissions'

export interface User {
  id: string
  username: string
  roles: string[]
  permissions: string[]
}

interface SignInAnswer {
  user: User
}

type MeAnswer = User | { user: User }

const userOf = (answer: MeAnswer): User => ('user' in answer ? answer.user : answer)

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  const isKnown = ref(false)
  const isSignedIn = computed(() => user.value !== null)

  /** Asks the server who we are; being nobody is an answer, not an error. */
  async function restore(): Promise<void> {
    try {
      user.value = userOf(await get<MeAnswer>('/api/auth/me/'))
    } catch (error) {
      const problem = toProblem(error)
      if (problem.status !== 401 && problem.status !== 403) throw problem
      user.value = null
    }
    isKnown.value = true
  }

  async function signIn(username: string, password: string): Promise<void> {
    const answer = await post<SignInAnswer>('/api/auth/login/', { username, password })
    user.value = answer.user
    isKnown.value = true
  }

  async function signOut(): Promise<void> {
    await post('/api/auth/logout/')
    forget()
  }

  function forget(): void {
    user.value = null
    isKnown.value = true
  }

  const can = (permission: string | null | undefined): boolean => isAllowed(user.value, permission)

  return { user, isKnown, isSignedIn, restore, signIn, signOut, forget, can }
})
