/**
 * Parts that the component library binds to its frame though this console shows them late or never: each becomes a
 * chunk of its own, fetched when it is first rendered.
 */
import type { Plugin } from 'vite'

const LATE: Record<string, RegExp> = {
  // Three ways to show the menu on a narrow screen; only the slide-over is used.
  'DashboardSidebar.vue': /^\.\/(Drawer|Modal)\.vue$/,
  // App.vue of the console mounts the toaster with the first words it has to say.
  'App.vue': /^\.\/Toaster\.vue$/,
}
const LAZY = /^\0lazy:(.+)$/

export function lazyParts(): Plugin {
  return {
    name: 'khaywe:lazy-parts',
    enforce: 'pre',
    async resolveId(source, importer) {
      const owner = importer?.includes('@nuxt/ui') ? importer.split('/').pop() : undefined
      if (owner === undefined || !LATE[owner]?.test(source)) return undefined
      const real = await this.resolve(source, importer, { skipSelf: true })
      return real ? `\0lazy:${real.id}` : undefined
    },
    load(id) {
      const real = LAZY.exec(id)?.[1]
      return real === undefined ? undefined : `import { defineAsyncComponent } from 'vue'\nexport default defineAsyncComponent(() => import(${JSON.stringify(real)}))\n`
    },
  }
}
