/** Weighs the built console (gzip) and fails when a part is heavier than agreed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const KB = 1024
const BUDGETS = { shell: 215 * KB, css: 35 * KB, page: 376 * KB, charts: 215 * KB, editor: 160 * KB }
const root = process.env.CONSOLE_OUT_DIR || 'dist'
const manifest = JSON.parse(readFileSync(join(root, '.vite', 'manifest.json'), 'utf8'))
const sizes = new Map()
const weigh = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(root, file)), { level: 9 }).length)
  return sizes.get(file)
}

/** Every file that must arrive before the named chunk can run. */
function filesOf(key, seen = new Set()) {
  if (seen.has(key)) return new Set()
  seen.add(key)
  const chunk = manifest[key]
  const files = new Set([chunk.file])
  for (const imported of chunk.imports ?? []) for (const file of filesOf(imported, seen)) files.add(file)
  return files
}
const sum = (files) => [...files].reduce((total, file) => total + weigh(file), 0)

const keys = Object.keys(manifest)
const entryKey = keys.find((key) => manifest[key].isEntry)
const entryFiles = filesOf(entryKey)
const keyOf = (pattern) => keys.find((key) => pattern.test(key))
const frameFiles = new Set([...entryFiles, ...filesOf(keyOf(/app\/AppShell\.vue$/))])
const loginFiles = new Set([...entryFiles, ...filesOf(keyOf(/app\/pages\/LoginPage\.vue$/))])
// The icons of the pages come with the first page, whichever that is.
const iconFiles = filesOf(keyOf(/page-icons/))

const problems = []
const lines = []
function check(name, size, budget) {
  lines.push(`${name.padEnd(58)} ${(size / KB).toFixed(1).padStart(7)} KB of ${budget / KB}`)
  if (size > budget) problems.push(name)
}

check('entry and frame, JavaScript', sum(frameFiles), BUDGETS.shell)
check('entry and sign-in, JavaScript', sum(loginFiles), BUDGETS.shell)
const styles = new Set(keys.flatMap((key) => [...(manifest[key].css ?? []), ...(/\.css$/.test(manifest[key].file) ? [manifest[key].file] : [])]))
check('all styles', sum(styles), BUDGETS.css)

const heavy = [
  ['charts', /shared\/charts\/ChartCanvas\.vue$/, BUDGETS.charts],
  ['JSON editor', /shared\/JsonEditor\/JsonCanvas\.vue$/, BUDGETS.editor],
]
for (const [name, pattern, budget] of heavy) {
  const key = keys.find((candidate) => pattern.test(candidate))
  if (key === undefined) {
    problems.push(`${name}: no chunk of its own`)
    continue
  }
  const files = [...filesOf(key)].filter((file) => !frameFiles.has(file))
  check(name, sum(files), budget)
  if (files.length === 0) problems.push(`${name}: part of the entry, must load on demand`)
}

// What stands between a signed-in user and a page opened by its address: entry, frame, icons, and the page's own files.
for (const key of keys) {
  if (!/^src\/features\/.+Page\.vue$/.test(key)) continue
  check(`first page ${key.replace('src/features/', '')}`, sum(new Set([...frameFiles, ...iconFiles, ...filesOf(key)])), BUDGETS.page)
}

process.stdout.write(`${lines.join('\n')}\n`)
if (problems.length > 0) {
  process.stderr.write(`over budget: ${problems.join(', ')}\n`)
  process.exitCode = 1
}
