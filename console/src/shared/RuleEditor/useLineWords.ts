/** The short name of a line, for its handle and its tools. */
import { toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Field } from '@/shared/FieldPicker/fields'
import type { Leaf } from './tree'
import { useWorld } from './world'

export function useLineWords(fields: MaybeRefOrGetter<readonly Field[]>) {
  const { t } = useI18n()
  const world = useWorld()
  return (leaf: Leaf): string => {
    if (leaf.kind === 'condition') return toValue(fields).find((field) => field.name === leaf.field)?.label ?? leaf.field
    if (leaf.kind === 'behaviour') return world.value.events.find((event) => event.name === leaf.event)?.label ?? (leaf.event || t('rules.extras.behaviour'))
    if (leaf.kind === 'advanced') return t('rules.advanced')
    return t(`rules.extras.${leaf.kind}`)
  }
}
