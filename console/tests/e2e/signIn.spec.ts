/** Ways in beside the password that one knows: a link of the administrator, a letter, the operator's own accounts. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, expectAccessible, server, settle, signIn, test } from './harness'

const mark = Date.now().toString(36)
const FIRST = `Quiet-${mark}-harbour-at-dawn`
const SECOND = `Copper-${mark}-lantern-by-night`
const REPOSITORY = resolve(import.meta.dirname, '../../..')

/** Calls the API as the administrator whom the page is signed in as. */
async function call(page: Page, method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  return page.evaluate(
    async ([how, where, what]) => {
      const csrf = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
      const answer = await fetch(where, { method: how, headers: { 'Content-Type': 'application/json', 'X-CSRFToken': csrf }, ...(what ? { body: what } : {}) })
      const text = await answer.text()
      return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> }
    },
    [method, path, body === undefined ? '' : JSON.stringify(body)] as const,
  )
}

async function makePerson(page: Page, username: string): Promise<string> {
  const person = { username, password: FIRST, email: `${username}@console.test`, roles: ['analyst'], must_change_password: false }
  const made = await call(page, 'POST', '/api/loyalty/v1/users/', person)
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return String(made.body['id'])
}

async function leave(page: Page): Promise<void> {
  await page.context().clearCookies()
}

async function chooseAndEnter(page: Page, link: string, username: string): Promise<void> {
  await page.goto(link)
  await expect(page.getByRole('heading', { name: 'Choose a new password' })).toBeVisible()
  await page.getByLabel('New password', { exact: true }).fill(SECOND)
  await page.getByLabel('New password again').fill('something else')
  await expect(page.getByText('The two are not the same')).toBeVisible()
  await expectAccessible(page)
  await page.getByLabel('New password again').fill(SECOND)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await expect(page.getByText('Your password is set. Sign in with it.')).toBeVisible()
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(SECOND)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

test('test_reset__link_of_an_administrator__sets_a_password_once', async ({ signedIn: page }) => {
  const username = `dalia-${mark}`
  const id = await makePerson(page, username)
  await page.goto(`/admin/users/${id}`)
  await page.getByRole('button', { name: 'Reset the password' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Do it' }).click()
  const told = page.getByText(/\/login\?reset=klr_/)
  await expect(told).toBeVisible()
  const link = ((await told.textContent()) ?? '').trim()
  await leave(page)
  await chooseAndEnter(page, link, username)
  await leave(page)
  await page.goto(link)
  await page.getByLabel('New password', { exact: true }).fill(`${SECOND}!`)
  await page.getByLabel('New password again').fill(`${SECOND}!`)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
})

/** The texts of the mails that the installation's own mail server keeps. */
function mails(): string[] {
  const running = JSON.parse(readFileSync(process.env['KHAYWE_RUN_JSON'] ?? '', 'utf8')) as { mail_dir: string }
  const folder = resolve(running.mail_dir, 'new')
  return readdirSync(folder).map((name) => readFileSync(resolve(folder, name), 'utf8'))
}

function linkIn(mail: string): string {
  // Long lines are cut by quoted-printable, base64 hides them; either is undone before the link is looked for.
  const parts = mail.split(/\r?\n\r?\n/).flatMap((part) => [part.replace(/=\r?\n/g, '').replace(/=3D/g, '='), Buffer.from(part, 'base64').toString('utf8')])
  return parts.map((part) => /https?:\/\/\S+\/login\?reset=[\w-]+/.exec(part)?.[0] ?? '').find(Boolean) ?? ''
}

test('test_forgotten__asked_at_the_door__a_letter_leads_in', async ({ signedIn: page }) => {
  test.skip(!process.env['KHAYWE_RUN_JSON'], 'the mail server keeps what it takes only in an installation of our own')
  const username = `hadi-${mark}`
  await makePerson(page, username)
  await leave(page)
  await page.goto('/login')
  const asked: string[] = []
  for (const name of [`nobody-${mark}`, username]) {
    await page.getByRole('button', { name: 'Forgotten your password?' }).click()
    await page.getByLabel('Username').fill(name)
    await page.getByRole('button', { name: 'Send the link' }).click()
    asked.push((await page.getByRole('status').textContent()) ?? '')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Back to signing in' }).click()
  }
  expect(asked[0]).toBe(asked[1])
  await expect.poll(() => mails().filter((mail) => mail.includes(`${username}@console.test`)).length, { timeout: 45_000 }).toBe(1)
  expect(mails().some((mail) => mail.includes(`nobody-${mark}`))).toBe(false)
  const letter = mails().find((mail) => mail.includes(`${username}@console.test`)) ?? ''
  await chooseAndEnter(page, linkIn(letter), username)
})

test('test_oidc__button__leads_in_by_the_operators_own_account', async ({ signedIn: page, watch }) => {
  const python = process.env['KHAYWE_PYTHON'] ?? resolve(REPOSITORY, '.venv/bin/python')
  const provider: ChildProcess = spawn(python, ['-m', 'tests.foundation.signing_in.provider'], { cwd: REPOSITORY, stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(provider.stdout ?? provider, 'data')) as [Buffer]
    const told = JSON.parse(line.toString()) as { issuer: string; client_id: string; client_secret: string }
    const values = { ...told, name: 'Operator', roles: { 'crm-managers': 'manager' }, creates_users: true }
    const saved = await call(page, 'POST', '/api/loyalty/v1/config/oidc/', { values })
    expect(saved.status, JSON.stringify(saved.body)).toBeLessThan(300)
    await leave(page)
    await page.goto('/segments?kind=static')
    await settle(page)
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Sign in with Operator' }).click()
    await expect(page).toHaveURL(new RegExp(`^${server.url}/segments\\?kind=static$`))
    const me = await call(page, 'GET', '/api/auth/me/')
    expect([me.body['username'], me.body['roles']]).toEqual(['ben', ['manager']])
    // The provider is another host, and the only one.
    expect(watch.external.length).toBeGreaterThan(0)
    expect(watch.external.filter((url) => !url.startsWith(told.issuer))).toEqual([])
    watch.external.length = 0
  } finally {
    provider.stdin?.end()
    await leave(page)
    await signIn(page)
    await call(page, 'POST', '/api/loyalty/v1/config/oidc/', { values: { issuer: '', client_id: '' } })
  }
})
