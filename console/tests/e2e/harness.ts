/** What every story needs: a signed-in page, the accessibility check, and the promise that nobody else is called. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, request, test as base, type APIRequestContext, type Page } from '@playwright/test'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** What axe is to look for: everything of WCAG 2.0 to 2.2, A and AA, or those of its rules that look at colours. */
const RULES = {
  all: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  ofColour: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },
}

function needed(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: the stories need a running server, its address and a login`)
  return value
}

export const server = { url: needed('BASE_URL'), username: needed('LOYALTY_USER'), password: needed('LOYALTY_PASSWORD') }

export interface Watch {
  external: string[]
  faults: string[]
}

type State = Awaited<ReturnType<APIRequestContext['storageState']>>

/** The sessions of this worker's stories by their file. */
const sessions = new Map<string, State>()

/** Signs in as the form does, once for each file of stories, which takes less than the ten minutes after which a sensitive act asks again. */
async function sessionOf(file: string): Promise<State> {
  const known = sessions.get(file)
  if (known) return known
  const client = await request.newContext({ baseURL: server.url })
  const answer = await client.post('/api/auth/login/', { data: { username: server.username, password: server.password } })
  expect(answer.status(), await answer.text()).toBe(200)
  const state = await client.storageState()
  await client.dispose()
  sessions.set(file, state)
  return state
}

export const test = base.extend<{ watch: Watch; signedIn: Page }>({
  watch: [
    async ({ page }, use) => {
      const watch: Watch = { external: [], faults: [] }
      const own = new URL(server.url).origin
      page.on('request', (request) => {
        const url = request.url()
        if (!url.startsWith('data:') && !url.startsWith('blob:') && new URL(url).origin !== own) watch.external.push(url)
      })
      page.on('pageerror', (error) => watch.faults.push(String(error)))
      page.on('console', (message) => {
        // A refused request is reported by the browser too; the stories that provoke one look at the page instead.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) watch.faults.push(message.text())
      })
      await use(watch)
      expect(watch.external, 'requests to other hosts').toEqual([])
      expect(watch.faults, 'errors in the browser').toEqual([])
    },
    { auto: true },
  ],
  // The way in itself is told by the stories of the shell and of the sign-in; the others begin inside, on a page that loads nothing.
  signedIn: async ({ page }, use, info) => {
    await page.context().addCookies((await sessionOf(info.file)).cookies)
    await page.goto('/healthz')
    await use(page)
  },
})

export { expect }

export async function signIn(page: Page): Promise<void> {
  await page.goto('/login')
  await page.getByLabel('Username').fill(server.username)
  await page.getByLabel('Password', { exact: true }).fill(server.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

export type Scheme = 'light' | 'dark'

export async function useScheme(page: Page, scheme: Scheme): Promise<void> {
  await page.evaluate((wanted) => {
    localStorage.setItem('vueuse-color-scheme', wanted)
    document.documentElement.classList.toggle('dark', wanted === 'dark')
  }, scheme)
}

interface Finding {
  id: string
  impact?: string | null
  nodes: { target: unknown[] }[]
}

interface Axe {
  run: (context: Document, options: object) => Promise<{ violations: Finding[] }>
}

/** What is wrong with the page as it stands; the script goes in as text, so the security policy stays on. */
export async function findings(page: Page, rules: keyof typeof RULES = 'all'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const violations = await page.evaluate(async (runOnly) => {
    const { axe } = window as unknown as { axe: Axe }
    // Only what is wrong is told node by node; what is well is looked at as thoroughly, and counted.
    return (await axe.run(document, { runOnly, resultTypes: ['violations'] })).violations
  }, RULES[rules])
  return violations.map((found) => `${found.impact ?? ''} ${found.id}: ${found.nodes.map((node) => node.target.join(' ')).join(' | ')}`)
}

/** Clean in light and in dark, after movement has come to rest. Dark changes colours and nothing else (design/main.css). */
export async function expectAccessible(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  for (const [scheme, rules] of [['light', 'all'], ['dark', 'ofColour']] as const) {
    await useScheme(page, scheme)
    await expect.poll(() => findings(page, rules), { message: `accessibility of ${page.url()} in ${scheme}`, timeout: 10_000 }).toEqual([])
  }
  await useScheme(page, 'light')
}

/** Loaded: no skeleton is left and nothing spins. */
export async function settle(page: Page): Promise<void> {
  await expect(page.locator('main [aria-busy="true"], main [data-slot="base"].animate-pulse')).toHaveCount(0)
}
