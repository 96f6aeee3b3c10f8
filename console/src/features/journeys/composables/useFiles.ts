/** Journeys as files: a whole one to keep or to bring in, or its steps to put into another. */
import { useToast } from '@nuxt/ui/composables'
import { useI18n } from 'vue-i18n'
import { useProblem } from '@/shared/http/useProblem'
import { branchesOf, type Graph, type JourneyNode } from '../canvas/graph'
import type { StepWords } from './useStepWords'
import { exportJourney as readJourney, importJourney as takeJourney } from '../journeys.api'

const NAME_MAX = 60
const FILE_MAX_BYTES = 5_000_000

export function saveFile(name: string, text: string, type = 'application/json'): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

function chooseFile(): Promise<File | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.accept = 'application/json,.json'
    input.addEventListener('change', () => resolve(input.files?.[0] ?? null), { once: true })
    input.addEventListener('cancel', () => resolve(null), { once: true })
    input.click()
  })
}

const fileName = (name: string, ending: string): string => `${name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, NAME_MAX) || 'journey'}.${ending}`

export function useFiles(options: { insert?: (text: string) => boolean; imported?: (journey: { id: string }) => void } = {}) {
  const { t } = useI18n()
  const toast = useToast()
  const { report } = useProblem()
  const refuse = (): void => void toast.add({ title: t('journeys.notSteps'), color: 'error', icon: 'i-lucide-circle-alert' })

  async function exportJourney(id: string, name: string): Promise<void> {
    try {
      saveFile(fileName(name, 'json'), JSON.stringify(await readJourney(id), null, 2))
    } catch (error) {
      report(error, t('journeys.notExported'))
    }
  }

  /** The graph as it stands on the canvas, saved or not. */
  async function exportImage(graph: Graph, name: string, words: StepWords): Promise<void> {
    const { svgOf } = await import('../canvas/svg')
    const nameOf = (node: JourneyNode): string => node.name || t(`journeys.kinds.${node.kind}`)
    const branchOf = (node: JourneyNode, branch: string): string => (branchesOf(node).length > 1 && branch !== 'success' ? words.branch(branch, node.kind) : '')
    saveFile(fileName(name, 'svg'), svgOf(graph, { title: name, name: nameOf, summary: words.summary, branch: branchOf }), 'image/svg+xml')
  }

  async function chooseSteps(): Promise<void> {
    const file = await chooseFile()
    if (file && (file.size > FILE_MAX_BYTES || !options.insert?.(await file.text()))) refuse()
  }

  async function importJourney(): Promise<void> {
    const file = await chooseFile()
    if (!file) return
    let read: unknown
    try {
      read = file.size > FILE_MAX_BYTES ? null : JSON.parse(await file.text())
    } catch {
      read = null
    }
    if (read === null) return refuse()
    try {
      options.imported?.(await takeJourney(read))
    } catch (error) {
      report(error, t('journeys.notImported'))
    }
  }
  return { exportJourney, exportImage, chooseSteps, importJourney }
}
