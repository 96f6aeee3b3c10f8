/** The stages of a decision in words. */
import { useI18n } from 'vue-i18n'
import { useFormat } from '@/shared/format/useFormat'
import type { Stage } from '../rules/decision'

type Line = { icon: string; tone?: 'plain' | 'good' | 'loss'; title: string; text?: string; value?: string }
type LineStage = Exclude<Stage, { kind: 'counts' | 'rules' }>

// Money caps count millionths.
const MICRO = 1_000_000

export function useStageWords() {
  const { t, te } = useI18n()
  const { number } = useFormat()

  /** A code the console does not know yet is shown as it is. */
  function wordOf(key: string, code: string): string {
    return te(`${key}.${code}`) || te(`${key}.${code}`, 'en') ? t(`${key}.${code}`) : code
  }
  const reasonOf = (code: string): string => wordOf('programs.why.reasons', code)

  function lineOf(stage: LineStage): Line {
    switch (stage.kind) {
      case 'base': return { icon: 'i-lucide-coins', title: t('programs.why.base'), value: number(Number(stage.value)) }
      case 'tier': return { icon: 'i-lucide-medal', title: stage.name ? t('programs.why.tier', { name: stage.name }) : t('programs.multiplier'), value: `× ${number(Number(stage.multiplier))}` }
      case 'bonus': return { icon: 'i-lucide-sparkles', tone: 'good', title: stage.words, value: `+ ${number(Number(stage.value))}` }
      case 'rounded': return { icon: 'i-lucide-chevron-down', title: t('programs.why.rounded', { from: stage.from }), value: number(Number(stage.to)) }
      case 'cap': {
        const unit = stage.measure === 'units' ? MICRO : 1
        const figures = { asked: number(stage.asked / unit), granted: number(stage.granted / unit) }
        return { icon: 'i-lucide-gauge', tone: 'loss', title: t('programs.why.cap', { cap: stage.code }), text: t(`programs.why.capText.${stage.period || 'transaction'}`, figures), value: `− ${number((stage.asked - stage.granted) / unit)}` }
      }
      case 'capped': return { icon: 'i-lucide-gauge', tone: 'loss', title: stage.cap === null ? t('programs.why.capped') : t('programs.why.cappedAt', { cap: number(stage.cap) }), value: `− ${number(stage.lost)}` }
      case 'reason': return { icon: 'i-lucide-info', tone: 'loss', title: reasonOf(stage.code) }
      case 'value': return { icon: 'i-lucide-banknote', title: t('programs.why.value'), value: `${stage.amount} ${stage.currency}` }
    }
  }

  return { lineOf, reasonOf, wordOf }
}
