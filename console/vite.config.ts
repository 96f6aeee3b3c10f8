/** How the console is built and tested: one configuration for Vite and Vitest. */
import { fileURLToPath, URL } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { lazyParts } from './scripts/lazyParts.ts'
import { FRAME_SOURCES, pageIcons } from './scripts/pageIcons.ts'

// The launcher builds into a folder of its own and must leave the sources as it found them.
const outDir = process.env.CONSOLE_OUT_DIR || 'dist'
const isDevelopersBuild = !process.env.CONSOLE_OUT_DIR

const SOLID_COLORS = ['primary', 'error', 'success', 'warning', 'info'] as const

export default defineConfig({
  base: '/',
  plugins: [
    pageIcons(),
    lazyParts(),
    vue(),
    ui({
      autoImport: false,
      components: { dirs: [], dts: isDevelopersBuild ? 'src/types/components.d.ts' : false },
      ui: {
        colors: { primary: 'indigo', neutral: 'slate' },
        card: { slots: { root: 'shadow-none ring ring-default rounded-xl', header: 'px-5 py-4 sm:px-5', body: 'p-5 sm:p-5' } },
        // The library lightens a hovered solid button to 75 %, and its white label then fails WCAG AA.
        button: { slots: { base: 'cursor-pointer' }, compoundVariants: SOLID_COLORS.map((color) => ({ color, variant: 'solid' as const, class: `hover:bg-${color}/90 active:bg-${color}/90` })) },
        formField: { slots: { label: 'text-sm font-medium text-toned' } },
        modal: { slots: { content: 'rounded-xl' } },
      },
      // The icons of the frame; those of the pages come with the first page (scripts/pageIcons.ts). None is asked of an outside server.
      icon: { clientBundle: { scan: { globInclude: FRAME_SOURCES }, sizeLimitKb: 512 } },
    }),
  ],
  // vue-i18n without the parts for options components and for the browser's developer tools.
  define: { __VUE_I18N_LEGACY_API__: 'false', __VUE_I18N_FULL_INSTALL__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false', __INTLIFY_DROP_MESSAGE_COMPILER__: 'false' },
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir,
    emptyOutDir: true,
    // Smaller than this and the file would be inlined as data:, which the content security policy refuses.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    manifest: true,
  },
  server: {
    port: Number(process.env.CONSOLE_PORT ?? 5173),
    proxy: { '/api': process.env.BASE_URL ?? 'http://127.0.0.1:8000' },
  },
  test: {
    environment: 'jsdom',
    // One document and one loading of the modules for all files of a process: making both anew for each file is five sixths
    // of what a run costs. No file may depend on what another left: `vitest run --sequence.shuffle` tells.
    isolate: false,
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    server: { deps: { inline: ['@nuxt/ui', 'vue-echarts'] } },
  },
})
