/** The sections on earning, which come together: they share rules, caps and their words. */
export { default as BonusesSection } from './BonusesSection.vue'
export { default as CapsSection } from './CapsSection.vue'
export { default as CountsSection } from './CountsSection.vue'
export { default as EarningSection } from './EarningSection.vue'
