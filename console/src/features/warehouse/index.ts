/** Front door of the warehouse: its card among the data sources. */
export { default as WarehouseCard } from './components/WarehouseCard.vue'
