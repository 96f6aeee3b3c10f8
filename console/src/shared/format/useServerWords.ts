/**
 * Words for what the server names itself (permissions, shipped roles, sections and fields of the settings, kinds of
 * requests, types of facts) in the language that is spoken: the server says them in English, `shared/locales/server.<language>.json`
 * in others. What has no words there stays as the server said it.
 */
import { useI18n } from 'vue-i18n'

interface NamedRole {
  code: string
  name: string
  description?: string
  is_shipped?: boolean
}

export function useServerWords() {
  const { t, te } = useI18n()
  // Only the spoken language is asked: English has no such file, and the server's words are English.
  const say = (key: string, own: string): string => (te(`server.${key}`) ? t(`server.${key}`) : own)
  const sectionKey = (section: string): string => `section.${section.replaceAll('/', '_')}`
  return {
    permissionWords: (permission: { code: string; description: string }): string => say(`permission.${permission.code}`, permission.description),
    /** A role of one's own is called what its maker called it. */
    roleName: (role: NamedRole): string => (role.is_shipped === false ? role.name : say(`role.${role.code}.name`, role.name)),
    roleWords: (role: NamedRole): string => (role.is_shipped === false ? (role.description ?? '') : say(`role.${role.code}.description`, role.description ?? '')),
    kindTitle: (kind: string, own: string): string => say(`kind.${kind}`, own),
    /** What a type of fact says. */
    eventWords: (event: { type: string; title: string }): string => say(`event.${event.type}`, event.title),
    /** What an action of a journey does, and why it cannot be had. */
    actionWords: (action: { kind: string; description: string }): string => say(`action.${action.kind}`, action.description),
    unavailableWords: (action: { kind: string; unavailable_reason: string }): string => (action.unavailable_reason ? say(`unavailable.${action.kind}`, action.unavailable_reason) : ''),
    unitName: (unit: string): string => (unit === '' ? '' : say(`unit.${unit}`, unit)),
    sectionTitle: (section: { code: string; title: string }): string => say(`${sectionKey(section.code)}.title`, section.title),
    sectionWords: (section: { code: string; description: string }): string => say(`${sectionKey(section.code)}.description`, section.description),
    fieldTitle: (section: string, field: { name: string; title: string }): string => say(`${sectionKey(section)}.field.${field.name}.title`, field.title),
    fieldWords: (section: string, field: { name: string; description: string }): string => say(`${sectionKey(section)}.field.${field.name}.description`, field.description),
  }
}
