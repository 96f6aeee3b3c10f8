/** Words for how a try ended, and for codes of what could not be taken in; a code without words stands for itself. */
import { useI18n } from 'vue-i18n'

export function useOutcome() {
  const { t, te } = useI18n()
  const said = (root: string, code: string): string => (te(`${root}.${code}`, 'en') ? t(`${root}.${code}`) : code)
  return {
    wordOf: (outcome: string): string => said('events.outcome', outcome.replaceAll('.', '_')),
    refusalOf: (code: string): string => {
      const word = said('events.refusals', code.replaceAll('.', '_'))
      return word === code.replaceAll('.', '_') ? '' : word
    },
    reasonOf: (reason: string): string => said('events.stateReason', reason.replaceAll('.', '_')),
  }
}
