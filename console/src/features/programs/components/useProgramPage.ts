/** Where on a program's page one is: the view and the section, both in the address. */
import { computed, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { isSection, type SectionId } from '../document/sections'

export type ProgramView = 'builder' | 'versions' | 'performance'

export function useProgramPage(id: Ref<string | null>) {
  const route = useRoute()
  const router = useRouter()
  const { t } = useI18n()

  const view = computed<ProgramView>(() => {
    const asked = route.query['view']
    return id.value !== null && (asked === 'versions' || asked === 'performance') ? asked : 'builder'
  })
  const section = computed<SectionId>(() => (isSection(route.query['section']) ? route.query['section'] : 'details'))
  const tabs = computed(() => [
    { value: 'builder', label: t('programs.builder'), icon: 'i-lucide-sliders-horizontal' },
    { value: 'versions', label: t('programs.versions'), icon: 'i-lucide-history' },
    { value: 'performance', label: t('programs.performance'), icon: 'i-lucide-chart-line' },
  ])

  const goTo = (next: ProgramView): Promise<unknown> => router.replace({ query: next === 'builder' ? {} : { view: next } })
  const goToSection = (next: SectionId): Promise<unknown> => router.replace({ query: next === 'details' ? {} : { section: next } })

  return { view, section, tabs, goTo, goToSection }
}
