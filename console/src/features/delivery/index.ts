/** Front door of delivery: the templates that other features choose from. */
export { listTemplates, previewTemplate, type MessageTemplate } from './templates.api'
