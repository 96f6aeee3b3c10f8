/** What the server may ask in between: proof of the person, somebody's consent, a duty to do first. */
import { useToast } from '@nuxt/ui/composables'
import { defineAsyncComponent, shallowRef } from 'vue'
import type { Router } from 'vue-router'
import { whenDemanded } from '@/shared/http/client'
import { useSession } from '@/shared/session/session'
import { say } from './i18n'

export const StepUpDialog = defineAsyncComponent(() => import('./StepUpDialog.vue'))

/** The open question for proof; requests that come meanwhile wait for the same answer. */
export const question = shallowRef<{ kinds: readonly string[]; answer: (isProven: boolean) => void } | null>(null)
let pending: Promise<boolean> | null = null

function prove(kinds: readonly string[]): Promise<boolean> {
  pending ??= new Promise<boolean>((resolve) => {
    question.value = {
      kinds,
      answer: (isProven) => {
        question.value = null
        pending = null
        resolve(isProven)
      },
    }
  })
  return pending
}

export function answerDemands(router: Router): void {
  const session = useSession()
  whenDemanded({
    prove,
    wait: (request) => {
      const see = { label: say('proof.seeRequest'), onClick: () => void router.push(`/approvals/${request.id}`) }
      useToast().add({ title: say('proof.waits'), description: say('proof.waitsText'), color: 'info', icon: 'i-lucide-hourglass', ...(session.can('approvals.view') ? { actions: [see] } : {}) })
    },
    first: (code) => {
      session.duty = code.startsWith('password') ? 'password' : 'second_factor'
      if (router.currentRoute.value.name !== 'security') void router.push({ name: 'security' })
    },
  })
}
