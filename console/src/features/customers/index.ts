/** Front door of customers: choosing one by name. */
export { default } from './customers.module'
export { default as CustomerPicker } from './components/CustomerPicker.vue'
export { listCustomers, type Customer } from './customers.api'
