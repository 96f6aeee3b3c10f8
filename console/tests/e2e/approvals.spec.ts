/** Four eyes: a change asked for by one, decided by another, withdrawn, bypassed and reviewed; and decisions handed over. */
import type { Browser, Locator, Page } from '@playwright/test'
import { expect, expectAccessible, server, settle, test } from './harness'

const mark = Date.now().toString(36)
const checker = { username: `checker-${mark}`, first: `First-${mark}-password-1`, own: `Own-${mark}-password-2` }
const workflow = `Roles by two ${mark}`

/** A role asked for in the matrix; it waits. */
async function askForRole(page: Page, name: string): Promise<void> {
  await page.goto('/admin/roles')
  await page.getByRole('button', { name: 'New role' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(dialog).toBeHidden()
}

/** The newest of the requests that one has asked for. */
async function openOwn(page: Page, name: string): Promise<void> {
  await page.goto('/approvals?box=mine&state=PENDING')
  await page.getByRole('link', { name: /^Change of a role/ }).first().click()
  await expect(page.getByText(name).first()).toBeVisible()
}

async function asChecker(browser: Browser, how: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  await page.goto('/login')
  await page.getByLabel('Username').fill(checker.username)
  await page.getByLabel('Password', { exact: true }).fill(checker.own)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
  await how(page)
  await context.close()
}

const badge = (page: Page, state: string): Locator => page.getByText(state, { exact: true }).first()

test.describe.configure({ mode: 'serial' })

test('test_checker__made_with_a_first_password__chooses_an_own_one_before_anything', async ({ signedIn: page, browser }) => {
  await page.goto('/admin/users')
  await page.getByRole('button', { name: 'New user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Username').fill(checker.username)
  await dialog.getByLabel('First password').fill(checker.first)
  await dialog.getByRole('button', { name: 'No role' }).or(dialog.getByLabel('Roles')).first().click()
  await page.getByRole('option', { name: /^Approver/ }).click()
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { level: 1, name: checker.username })).toBeVisible()
  await expect(page.getByText('Has to be changed')).toBeVisible()

  const context = await browser.newContext({ baseURL: server.url })
  const own = await context.newPage()
  await own.goto('/login')
  await own.getByLabel('Username').fill(checker.username)
  await own.getByLabel('Password', { exact: true }).fill(checker.first)
  await own.getByRole('button', { name: 'Sign in', exact: true }).click()
  await own.waitForURL(/account\/security/)
  await own.goto('/approvals')
  await expect(own, 'nothing else opens before').toHaveURL(/account\/security/)
  await expectAccessible(own)
  await own.getByLabel('Present password').fill(checker.first)
  await own.getByLabel('New password', { exact: true }).fill(checker.own)
  await own.getByLabel('New password again').fill(checker.own)
  await own.getByRole('button', { name: 'Change password' }).click()
  await expect(own.getByText('Your password is changed').first()).toBeVisible()
  await own.goto('/approvals')
  await expect(own.getByRole('heading', { level: 1, name: 'Approvals' })).toBeVisible()
  await context.close()
})

test('test_request__asked_by_one_and_approved_by_another__happens_then', async ({ signedIn: page, browser }) => {
  // Two people and two languages: many pages for one story.
  test.slow()
  await page.goto('/approvals/workflows')
  await page.getByRole('button', { name: 'New workflow' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').first().fill(workflow)
  await dialog.getByRole('combobox').first().click()
  await page.getByRole('option', { name: /^Change of a role/ }).click()
  await dialog.getByRole('button', { name: /^Roles/ }).click()
  await page.getByRole('option', { name: 'Approver' }).click()
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { name: workflow })).toBeVisible()
  await expectAccessible(page)
  await askForRole(page, `Night desk ${mark}`)
  await expect(page.getByRole('columnheader', { name: new RegExp(`Night desk ${mark}`) })).toHaveCount(0)
  await openOwn(page, `Night desk ${mark}`)
  await expect(page.getByText('Nobody decides on what they asked for themselves.')).toBeVisible()
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'ar'))
  await page.reload()
  await expect(page.getByText(/إنشاء الدور/), 'what is asked for is told in the language of the reader').toBeVisible()
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'en'))
  await page.reload()
  await expect(page.getByText(/^Make the role/)).toBeVisible()

  await asChecker(browser, async (own) => {
    await own.goto('/approvals')
    await settle(own)
    await own.getByRole('link', { name: /^Change of a role/ }).first().click()
    await expect(own.getByRole('heading', { name: 'What would change' })).toBeVisible()
    await expectAccessible(own)
    await own.getByLabel('Comment').fill('The night desk is new')
    await own.getByRole('button', { name: 'Approve' }).click()
    await expect(badge(own, 'Done')).toBeVisible()
  })
  await page.goto('/admin/roles')
  await expect(page.getByRole('columnheader', { name: new RegExp(`Night desk ${mark}`) })).toBeVisible()
})

test('test_request__withdrawn_and_another_bypassed__the_bypass_is_reviewed_afterwards', async ({ signedIn: page, browser }) => {
  await askForRole(page, `Mistake ${mark}`)
  await openOwn(page, `Mistake ${mark}`)
  await page.getByRole('button', { name: 'Withdraw' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('a mistake')
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
  await expect(badge(page, 'Withdrawn')).toBeVisible()

  await askForRole(page, `Fire desk ${mark}`)
  await openOwn(page, `Fire desk ${mark}`)
  await page.getByRole('button', { name: 'Emergency: do it now' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('the shop burns')
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Emergency: do it now' }).click()
  await expect(badge(page, 'Bypassed')).toBeVisible()
  await page.getByRole('link', { name: 'To the review afterwards' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Review of an emergency' })).toBeVisible()

  await asChecker(browser, async (own) => {
    await own.goto('/approvals')
    await own.getByRole('link', { name: 'Review of an emergency' }).first().click()
    await own.getByRole('button', { name: 'Approve' }).click()
    await expect(badge(own, 'Done')).toBeVisible()
  })
})

test('test_decisions__handed_over_and_taken_back__and_the_workflow_goes', async ({ signedIn: page, browser }) => {
  await asChecker(browser, async (own) => {
    await own.goto('/approvals')
    await own.getByRole('link', { name: 'Stand-ins' }).or(own.getByRole('button', { name: 'Stand-ins' })).first().click()
    await own.getByRole('button', { name: 'Hand decisions over' }).first().click()
    const dialog = own.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Choose a person' }).or(dialog.getByRole('combobox', { name: 'Choose a person' })).first().click()
    await own.getByRole('option', { name: server.username, exact: true }).click()
    await expectAccessible(own)
    await dialog.getByRole('button', { name: 'Hand over' }).click()
    const row = own.getByRole('row', { name: new RegExp(`${server.username}.*${checker.username}`) })
    await expect(row).toContainText('Now')
    await expectAccessible(own)
    await row.getByRole('button', { name: /^Take back from/ }).click()
    await own.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
    await expect(row).toBeHidden()
  })
  await page.goto('/approvals/workflows')
  await page.getByRole('button', { name: `Delete ${workflow}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('heading', { name: workflow })).toBeHidden()
})
