/** One account: its lots and its proof, adjusted, put on hold and released, frozen and reopened; and the whole book. */
import type { Page } from '@playwright/test'
import { expect, expectAccessible, settle, test } from './harness'

interface Account { id: string; customer_ref: string; program: string }
let account: Account

test.describe.configure({ mode: 'serial' })

async function findMember(page: Page): Promise<Account> {
  return page.evaluate(async () => {
    const answer = await fetch('/api/loyalty/v1/loyaltyAccounts/?status=ACTIVE&ordering=-points_posted&page_size=2')
    const { results } = (await answer.json()) as { results: Account[] }
    if (!results[1]) throw new Error('the demo world has too few members')
    return results[1]
  })
}

const balance = (page: Page): Promise<string> => page.locator('.text-4xl').first().innerText()

async function act(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}

test('test_list__searched_by_reference__leads_to_the_account', async ({ signedIn: page }) => {
  account = await findMember(page)
  await page.goto('/accounts')
  await settle(page)
  await expectAccessible(page)
  await page.getByPlaceholder('Reference of the member').fill(account.customer_ref)
  await expect(page).toHaveURL(new RegExp(`q=${account.customer_ref}`))
  await page.getByRole('row').nth(1).getByRole('link').click()
  await expect(page).toHaveURL(new RegExp(`/accounts/`))
})

test('test_account__opened__lots_waiting_and_proof_are_told', async ({ signedIn: page }) => {
  await page.goto(`/accounts/${account.id}`)
  for (const part of ['Transactions', 'Lots', 'Not final', 'Proof', 'Tier']) await expect(page.getByRole('heading', { name: part, exact: true })).toBeVisible()
  await expect(page.getByText('Agrees', { exact: true })).toBeVisible()
  await settle(page)
  await expectAccessible(page)
})

test('test_adjust__with_a_reason__changes_the_balance_and_stands_in_the_statement', async ({ signedIn: page }) => {
  await page.goto(`/accounts/${account.id}`)
  await settle(page)
  const before = Number((await balance(page)).replace(/\D/g, ''))
  await act(page, 'Adjust')
  const dialog = page.getByRole('dialog', { name: 'Adjust the balance' })
  await expectAccessible(page)
  await dialog.getByRole('spinbutton', { name: 'Points' }).fill('7')
  await dialog.getByRole('spinbutton', { name: 'Points' }).press('Tab')
  await dialog.getByLabel('Reason', { exact: true }).fill('Told by the story')
  await dialog.getByRole('button', { name: 'Adjust', exact: true }).click()
  await expect(page.getByText('7 points adjusted').first()).toBeVisible()
  await expect(page.locator('.text-4xl').first()).toHaveText(new RegExp((before + 7).toLocaleString('en')))
})

test('test_hold__put_and_released__points_come_back', async ({ signedIn: page }) => {
  await page.goto(`/accounts/${account.id}`)
  await settle(page)
  await act(page, 'Put on hold')
  const dialog = page.getByRole('dialog', { name: 'Put points on hold' })
  await dialog.getByRole('spinbutton', { name: 'Points' }).fill('5')
  await dialog.getByRole('spinbutton', { name: 'Points' }).press('Tab')
  await dialog.getByLabel('Reason', { exact: true }).fill('Order of the story')
  await dialog.getByRole('button', { name: 'Put on hold' }).click()
  await expect(page.getByText('5 points on hold').first()).toBeVisible()
  await page.getByRole('button', { name: 'Release' }).first().click()
  await expect(page.getByText('The points are free again').first()).toBeVisible()
})

test('test_status__frozen_and_reopened__told_each_time', async ({ signedIn: page }) => {
  await page.goto(`/accounts/${account.id}`)
  await settle(page)
  for (const [name, title, done] of [['Freeze', 'Freeze this account?', 'The account is frozen'], ['Reopen', 'Reopen this account?', 'The account is open again']] as const) {
    await act(page, name)
    const dialog = page.getByRole('dialog', { name: title })
    await dialog.getByLabel('Reason').fill('Told by the story')
    await dialog.getByRole('button', { name, exact: true }).click()
    await expect(page.getByText(done).first()).toBeVisible()
  }
})

test('test_ledger__proved_and_reconciled__nothing_disagrees', async ({ signedIn: page }) => {
  await page.goto('/ledger')
  await expect(page.getByText(/All \d+ laws hold/)).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Liability by month' })).toBeVisible()
  await page.getByRole('button', { name: 'Show all laws' }).click()
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'All accounts' }).click()
  await expect(page.getByText('No discrepancy')).toBeVisible()
})
