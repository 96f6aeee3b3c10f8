/** Choices of the person at this browser: table density and language. */
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'

export type Density = 'comfortable' | 'compact'
export type Language = 'en' | 'ar'

export const usePreferences = defineStore('preferences', () => {
  const density = useLocalStorage<Density>('khaywe:density', 'comfortable')
  const language = useLocalStorage<Language>('khaywe:language', 'en')
  return { density, language }
})
