/** Front door of journeys: what publishing a draft would change, for those who have to agree to it. */
export { default as JourneyChange } from './components/JourneyChange.vue'
