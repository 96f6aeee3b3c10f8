/** One customer: found, looked at, given points and relieved of them, asked for consent, explained. */
import type { Page } from '@playwright/test'
import { expect, expectAccessible, settle, test } from './harness'

interface Account { customer_id: string; customer_ref: string }
let account: Account

test.describe.configure({ mode: 'serial' })

/** A member with points, asked of the server in this browser's session. */
async function findMember(page: Page): Promise<Account> {
  return page.evaluate(async () => {
    const answer = await fetch('/api/loyalty/v1/loyaltyAccounts/?status=ACTIVE&ordering=-points_posted&page_size=1')
    const { results } = (await answer.json()) as { results: Account[] }
    if (!results[0]) throw new Error('the demo world has no member')
    return results[0]
  })
}

test('test_list__searched_by_reference__leads_to_the_customer', async ({ signedIn: page }) => {
  account = await findMember(page)
  await page.goto('/customers')
  await settle(page)
  await expectAccessible(page)
  await page.getByPlaceholder('Name, reference or address').fill(account.customer_ref)
  await expect(page).toHaveURL(new RegExp(`q=${account.customer_ref}`))
  await expect(page.getByRole('row')).toHaveCount(2)
  await page.getByRole('row').nth(1).getByRole('link').click()
  await expect(page).toHaveURL(new RegExp(`/customers/${account.customer_id}$`))
})

test('test_page__opened__whole_and_accessible', async ({ signedIn: page }) => {
  await page.goto(`/customers/${account.customer_id}`)
  for (const part of ['Profile', 'Consents', 'Segments', 'Transactions', 'Messages', 'What is known']) await expect(page.getByRole('heading', { name: part, exact: true })).toBeVisible()
  await expect(page.getByText('Earned ever')).toBeVisible()
  await settle(page)
  await expectAccessible(page)
})

test('test_points__given_explained_and_reversed__balance_as_before', async ({ signedIn: page }) => {
  await page.goto(`/customers/${account.customer_id}`)
  const card = page.locator('section', { has: page.getByRole('button', { name: 'Give points' }) }).first()
  const before = await card.locator('.text-4xl').innerText()
  await page.getByRole('button', { name: 'Give points' }).click()
  const dialog = page.getByRole('dialog', { name: 'Give points' })
  await dialog.getByLabel('Points').fill('7')
  await dialog.getByLabel('Description').fill('Sorry for the wait')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Give', exact: true }).click()
  await expect(page.getByText('7 points given').first()).toBeVisible()
  await expect(card.locator('.text-4xl')).not.toHaveText(before)

  await page.getByRole('button', { name: /Sorry for the wait/ }).first().click()
  const drawer = page.getByRole('dialog', { name: 'Earned' })
  await expect(drawer.getByText('Given directly, without a purchase')).toBeVisible()
  await expectAccessible(page)
  await drawer.getByRole('button', { name: 'Reverse' }).click()
  await drawer.getByLabel('Reason').fill('End of the story')
  await drawer.getByRole('button', { name: 'Reverse', exact: true }).click()
  await expect(page.getByText('7 points reversed').first()).toBeVisible()
  await expect(card.locator('.text-4xl')).toHaveText(before)
})

test('test_redeem__more_than_there_is__not_offered', async ({ signedIn: page }) => {
  await page.goto(`/customers/${account.customer_id}`)
  await page.getByRole('button', { name: 'Redeem', exact: true }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Redeem points' })
  const points = dialog.getByLabel('Points')
  await points.fill('999999999')
  await points.press('Tab')
  const available = Number((await dialog.getByText(/available/).innerText()).replace(/\D/g, ''))
  await expect(points).toHaveValue(available.toLocaleString('en'))
  await dialog.getByRole('button', { name: 'Cancel' }).click()
})

test('test_consent__switched_and_back__asked_each_time', async ({ signedIn: page }) => {
  await page.goto(`/customers/${account.customer_id}`)
  const consent = page.getByRole('switch', { name: 'Push, marketing' })
  const was = await consent.isChecked()
  for (const wanted of [!was, was]) {
    await consent.click()
    const dialog = page.getByRole('dialog')
    await expect(dialog).toBeVisible()
    await expectAccessible(page)
    await dialog.getByRole('button', { name: wanted ? 'Note consent' : 'Withdraw' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(consent).toBeChecked({ checked: wanted })
  }
})

test('test_segment__why_not_in__steps_of_the_rule', async ({ signedIn: page }) => {
  await page.goto(`/customers/${account.customer_id}`)
  await page.getByRole('button', { name: 'Why not in' }).click()
  await page.getByRole('option').first().click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByText('The customer is not in this segment')).toBeVisible()
  await expectAccessible(page)
})

test('test_page__dark_narrow_and_arabic__nothing_wider_than_the_page', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'ar'))
  await page.goto(`/customers/${account.customer_id}`)
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
  await settle(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'en'))
})

test('test_attribute__defined_and_set__is_shown_with_who_set_it_and_known_as_a_feature', async ({ signedIn: page }) => {
  const name = `Store ${Date.now() % 1_000_000}`
  await page.goto('/customers/attributes')
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Define an attribute' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Define an attribute' })
  await dialog.getByLabel('Name').fill(name)
  await expect(dialog.getByLabel('Code')).toHaveValue(name.toLowerCase().replace(' ', '_'))
  await dialog.getByLabel('Kind').click()
  await page.getByRole('option', { name: 'Choice' }).click()
  await dialog.getByLabel('Choices').fill('North\nSouth')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('North, South')

  await page.goto(`/customers/${account.customer_id}`)
  await page.getByRole('button', { name: `Change ${name}` }).click()
  await page.getByRole('combobox', { name }).click()
  await page.getByRole('option', { name: 'South' }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText(`${name} is saved`).first()).toBeVisible()
  const card = page.locator('section', { has: page.getByRole('heading', { name: 'Attributes', exact: true }) }).first()
  await expect(card.getByRole('listitem').filter({ hasText: name })).toContainText('South')
  await settle(page)
  await expectAccessible(page)
})
