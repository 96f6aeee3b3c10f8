/**
 * Icons in two parts: those of the frame travel with the entry (the library's own bundle), all others in one file that
 * is fetched beside the first page. A page waits for it as it waits for its texts, so no icon ever appears late.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const NAME = 'virtual:page-icons'
const RESOLVED = `\0${NAME}`
/** What is drawn before any page: the frame, the sign-in, and the entries of the sidebar. */
export const FRAME_SOURCES = ['src/app/**/*.{vue,ts}', 'src/features/*/*.module.ts']

interface Collection {
  icons: Record<string, { body: string }>
  aliases?: Record<string, { parent: string }>
  width?: number
  height?: number
}

function namesUnder(folder: string): Set<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(vue|ts)$/.test(file) && !/\.test\.ts$/.test(file))
  return new Set(files.flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/\bi-lucide-([a-z0-9-]+)/g)].map((found) => found[1] ?? '')))
}

function moduleOf(root: string): string {
  const collection = createRequire(join(root, 'package.json'))('@iconify-json/lucide/icons.json') as Collection
  const size = { width: collection.width ?? 24, height: collection.height ?? 24 }
  const icons = [...namesUnder(join(root, 'src'))].sort().map((name) => {
    const icon = collection.icons[name] ?? collection.icons[collection.aliases?.[name]?.parent ?? '']
    // A misspelt name would be asked of an outside server at run time, and the security policy refuses that: an empty place.
    if (icon === undefined) throw new Error(`There is no icon i-lucide-${name}`)
    return [`lucide:${name}`, { body: icon.body, ...size }]
  })
  return `import { addIcon } from '@iconify/vue'\nfor (const [name, icon] of ${JSON.stringify(icons)}) addIcon(name, icon)\n`
}

export function pageIcons(): Plugin {
  let root = process.cwd()
  return {
    name: 'khaywe:page-icons',
    configResolved: (config) => {
      root = config.root
    },
    resolveId: (id) => (id === NAME ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? moduleOf(root) : undefined),
    // While developing, an edit may name an icon that was not there before.
    handleHotUpdate: ({ server }) => {
      const module = server.moduleGraph.getModuleById(RESOLVED)
      if (module) server.moduleGraph.invalidateModule(module)
    },
  }
}
