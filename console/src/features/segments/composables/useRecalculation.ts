/** Recalculating a segment: start it, follow it across reloads, tell how it ended. */
import { useToast } from '@nuxt/ui/composables'
import { ref, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useFormat } from '@/shared/format/useFormat'
import { useProblem } from '@/shared/http/useProblem'
import { findLatestRun, isFinished, type Run } from '@/shared/jobs/runs'
import { useJob } from '@/shared/jobs/useJob'
import { recalculate } from '../segments.api'

export function useRecalculation(id: Ref<string | null>, onEnd: () => unknown) {
  const { t } = useI18n()
  const { number } = useFormat()
  const { report } = useProblem()
  const toast = useToast()
  const isStarting = ref(false)
  /** The instant the latest finished recalculation stands for; figures older than this are out of date. */
  const calculatedAt = ref<string | null>(null)

  function tell(run: Run): void {
    void onEnd()
    if (run.status === 'SUCCEEDED') {
      const count = (name: string): number => Number(run.result?.[name] ?? 0)
      const figure = (name: string): string => number(count(name))
      toast.add({
        title: t('segments.recalculated'),
        description: t('segments.recalculatedText', { added: figure('added'), removed: figure('removed'), members: figure('members') }, count('members')),
        color: 'success',
        icon: 'i-lucide-circle-check',
      })
    } else if (run.status === 'FAILED') {
      toast.add({ title: t('segments.recalculationFailed'), description: run.error?.message ?? '', color: 'error', icon: 'i-lucide-circle-alert' })
    }
  }

  const job = useJob({ storageKey: () => `segments:${id.value ?? 'new'}`, onFinished: tell })

  /** Started in another tab, by somebody else, or in the moment before a reload: the server knows. */
  async function lookForRun(segment: string): Promise<void> {
    const latest = await findLatestRun('segments.recalculate', segment).catch(() => null)
    if (latest === null || segment !== id.value || job.isActive.value) return
    if (latest.status === 'SUCCEEDED') calculatedAt.value = latest.started_at
    else if (!isFinished(latest)) job.follow(latest)
  }

  watch(id, (value) => {
    job.release()
    calculatedAt.value = null
    if (value === null) return
    job.resume()
    if (!job.isActive.value) void lookForRun(value)
  }, { immediate: true })

  async function start(acceptsShrinkage = false): Promise<void> {
    if (id.value === null || job.isActive.value) return
    isStarting.value = true
    try {
      const { run } = await recalculate(id.value, acceptsShrinkage)
      job.follow(run)
    } catch (error) {
      report(error, t('segments.recalculationRefused'))
    } finally {
      isStarting.value = false
    }
  }

  return { job, start, isStarting, calculatedAt }
}

export type Recalculation = ReturnType<typeof useRecalculation>
