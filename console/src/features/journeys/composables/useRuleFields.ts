/** What rules in a journey may read: features, and what the event that led in says, as `event.…`. */
import { computed, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useFields, type Field } from '@/shared/FieldPicker/fields'
import type { Graph } from '../canvas/graph'
import type { Choices } from './useStepWords'

export function useRuleFields(graph: Ref<Graph>, choices: Choices) {
  const { t } = useI18n()
  const { fields } = useFields()
  return computed<Field[]>(() => {
    const trigger = graph.value.nodes.find((node) => node.kind === 'start')?.config['trigger'] as { kind?: string; event_type?: string } | undefined
    const event = trigger?.kind === 'event' ? choices.events.value.find((one) => one.name === trigger.event_type) : undefined
    const ofEvent = (event?.fields ?? []).map((field) => ({ ...field, name: `event.${field.name}`, category: t('journeys.ofTheEvent') }))
    return [...ofEvent, ...fields.value]
  })
}
