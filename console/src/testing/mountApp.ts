/** Mounts a component with what the app gives it: texts, router, stores, query cache. */
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import type { Component } from 'vue'
import { h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { createI18n } from 'vue-i18n'
import UApp from '@nuxt/ui/components/App.vue'
import shared from '@/shared/locales/en.json'
import pages from '@/shared/locales/pages.en.json'

export function mountApp(component: Component, props: Record<string, unknown> = {}, messages: Record<string, unknown> = {}): VueWrapper {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:all(.*)*', component: { render: () => null } }] })
  const i18n = createI18n({ legacy: false, locale: 'en', messages: { en: { ...shared, ...pages, ...messages } as unknown as Record<string, never> } })
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  // Tooltips and overlays need the providers of UApp around them.
  return mount({ render: () => h(UApp, { toaster: null }, { default: () => h(component, props) }) }, {
    attachTo: document.body,
    global: { plugins: [createPinia(), i18n, router, [VueQueryPlugin, { queryClient: queries }]] },
  })
}
