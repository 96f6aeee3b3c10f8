/** Somebody who may only look: everything is there to be read, and what may not be done says why. */
import type { Page } from '@playwright/test'
import { expect, expectAccessible, server, settle, signIn, test } from './harness'

const stamp = Date.now()
const viewer = { username: `viewer-${stamp}`, password: `Only-Looking-${stamp}` }
const MAY = ['programs.view', 'campaigns.view', 'customers.view', 'segments.view']

interface Answer { status: number; body: { results?: { id: string; customer_id?: string }[] } }

/** Asks the server in this browser's session. */
async function ask(page: Page, method: string, path: string, body?: object): Promise<Answer> {
  return page.evaluate(async ([how, where, what]) => {
    const token = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
    const answer = await fetch(`/api/loyalty/v1/${where}`, { method: how, headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token }, ...(what ? { body: JSON.stringify(what) } : {}) })
    return { status: answer.status, body: (await answer.json()) as Answer['body'] }
  }, [method, path, body] as const)
}

test('test_viewer__opens_the_pages__sees_all_and_may_change_nothing', async ({ page }) => {
  await signIn(page)
  expect((await ask(page, 'POST', 'roles/', { code: `viewer-${stamp}`, name: 'Viewer', permissions: MAY })).status).toBe(201)
  expect((await ask(page, 'POST', 'users/', { ...viewer, must_change_password: false, roles: [`viewer-${stamp}`] })).status).toBe(201)
  const program = (await ask(page, 'GET', 'loyaltyPrograms/?page_size=1')).body.results?.[0]?.id ?? ''
  const campaign = (await ask(page, 'GET', 'campaigns/?page_size=1')).body.results?.[0]?.id ?? ''
  const customer = (await ask(page, 'GET', 'loyaltyAccounts/?page_size=1')).body.results?.[0]?.customer_id ?? ''

  await page.context().clearCookies()
  await page.goto('/login')
  await page.getByLabel('Username').fill(viewer.username)
  await page.getByLabel('Password', { exact: true }).fill(viewer.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
  expect(viewer.username).not.toBe(server.username)

  await page.goto(`/programs/${program}`)
  await expect(page.getByText('You need the permission programs.change for this.').first()).toBeVisible()
  await expect(page.getByLabel('Name').first()).toBeDisabled()
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled()
  await expectAccessible(page)

  await page.goto(`/campaigns/${campaign}`)
  const trigger = page.getByRole('button', { name: 'Trigger now' })
  await expect(trigger).toHaveAttribute('aria-disabled', 'true')
  await expect(trigger).toHaveAttribute('title', 'You need the permission campaigns.trigger for this.')
  await settle(page)
  await expectAccessible(page)

  await page.goto(`/customers/${customer}`)
  await expect(page.getByText('You need the permission points.view for this.')).toBeVisible()
  await expect(page.getByRole('switch').first()).toBeDisabled()
  await settle(page)
  await expectAccessible(page)

  await page.goto('/campaigns/new')
  await expect(page.getByText(/It needs the permission campaigns.create/)).toBeVisible()
})
