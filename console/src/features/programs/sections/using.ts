/** The sections on holding and using points, which come together: they share choices, figures and lists. */
export { default as ExpirySection } from './ExpirySection.vue'
export { default as PoliciesSection } from './PoliciesSection.vue'
export { default as RedeemingSection } from './RedeemingSection.vue'
export { default as TiersSection } from './TiersSection.vue'
export { default as WalletsSection } from './WalletsSection.vue'
