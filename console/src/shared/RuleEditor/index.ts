/** The rule editor as others use it. */
export { default as RuleEditor } from './RuleEditor.vue'
export { isSame, type Json } from './json'
export { countConditions, hasOpenLine, parse, segmentsOf } from './tree'
export { useSegmentWorld, type RuleWorld } from './world'
