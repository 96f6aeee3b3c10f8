/** A program from its name to its figures: tiers, rules, simulator, refusals, conflicts, leaving. */
import type { Page } from '@playwright/test'
import { expect, expectAccessible, settle, test } from './harness'

const stamp = Date.now()
const name = `Story program ${stamp}`
let address = ''

test.describe.configure({ mode: 'serial' })

/** Another person's edit, through the API and this browser's session. */
async function changeElsewhere(page: Page, body: object): Promise<number> {
  return page.evaluate(async ([path, change]) => {
    const token = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
    const answer = await fetch(`/api/loyalty/v1/loyaltyPrograms/${path}/`, { method: 'PATCH', headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token }, body: JSON.stringify(change) })
    return answer.status
  }, [address.split('/').at(-1), body] as const)
}

const save = (page: Page) => page.getByRole('button', { name: 'Save', exact: true })

test('test_list__opened__accessible_and_filter_in_the_address', async ({ signedIn: page }) => {
  await page.goto('/programs')
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('combobox', { name: 'Status: all' }).click()
  await page.getByRole('option', { name: 'Draft' }).click()
  await expect(page).toHaveURL(/status=DRAFT/)
})

test('test_new_program__tiers_and_rules_by_form__created_and_said_in_words', async ({ signedIn: page }) => {
  await page.goto('/programs/new')
  await expect(page.getByRole('button', { name: 'Create', exact: true })).toBeDisabled()
  await page.getByLabel('Name').first().fill(name)
  await expect(page.getByLabel('Code').first()).toHaveValue(`STORY_PROGRAM_${stamp}`)
  await page.getByRole('button', { name: 'Bronze, Silver, Gold, Platinum' }).click()
  await page.getByRole('radio', { name: 'By amount' }).click()
  await page.getByRole('radio', { name: 'Points for money' }).click()
  await page.getByRole('switch', { name: 'Daily cap' }).click()
  await page.getByRole('combobox', { name: 'Status' }).click()
  await page.getByRole('option', { name: 'Active', exact: true }).click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page).toHaveURL(/\/programs\/[0-9a-f-]{36}$/)
  address = new URL(page.url()).pathname
  await expect(page.getByRole('heading', { name: 'In words' })).toHaveCount(2)
  await expectAccessible(page)
})

test('test_simulator__unsaved_rule__points_of_the_rule_on_screen', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByRole('radio', { name: 'Per purchase' }).click()
  await page.getByRole('button', { name: 'Try it' }).click()
  await expect(page.getByText('The rule gives')).toBeVisible()
  await expect(page.getByText('10', { exact: true }).first()).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('Control+z')
  await expect(page.getByRole('radio', { name: 'By amount' })).toBeChecked()
})

test('test_rule__as_json_and_back__nothing_lost', async ({ signedIn: page }) => {
  await page.goto(address)
  const earning = page.getByRole('region', { name: 'Earning' })
  await earning.getByRole('button', { name: 'JSON' }).click()
  const json = earning.locator('.cm-content')
  await expect(json).toContainText('transaction_amount')
  await json.fill('{"+": [{"*": [{"var": "transaction_amount"}, 2]}, 5]}')
  await expect(earning.getByText('This rule is written freely.')).toBeVisible()
  await save(page).click()
  await expect(page.getByText(/Saved/)).toBeVisible()
  await page.reload()
  await expect(page.getByRole('region', { name: 'Earning' }).locator('.cm-content')).toContainText('"+"')
  await page.getByRole('button', { name: 'Start over with a form' }).first().click()
  await save(page).click()
  await expect(page.getByText(/Saved/)).toBeVisible()
  await page.getByRole('button', { name: /^Version \d/ }).click()
  await expect(page.getByRole('dialog').getByText('In effect')).toBeVisible()
})

test('test_tiers__moved_by_keyboard_and_made_to_clash__refusal_stands_at_the_field', async ({ signedIn: page }) => {
  await page.goto(address)
  const handle = page.getByRole('button', { name: /^Move Bronze, position 1 of 4/ })
  await handle.focus()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('button', { name: /^Move Bronze, position 2 of 4/ })).toBeFocused()
  await page.keyboard.press('ArrowUp')
  await page.getByRole('button', { name: /^Move Platinum/ }).dragTo(page.getByRole('button', { name: /^Move Silver/ }))
  await expect(page.getByRole('button', { name: /^Move Platinum, position 2 of 4/ })).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('button', { name: /^Move Platinum, position 4 of 4/ })).toBeVisible()
  const points = page.getByRole('spinbutton', { name: 'From points' }).nth(1)
  await points.fill('0')
  await points.press('Tab')
  await save(page).click()
  await expect(page.getByText('Two tiers begin at 0 points.').first()).toBeVisible()
  await expectAccessible(page)
  await points.fill('1500')
  await points.press('Tab')
  await save(page).click()
  await expect(page.getByText(/Saved/)).toBeVisible()
})

test('test_save__changed_elsewhere__both_versions_shown_and_mine_kept_on_theirs', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByLabel('Description').fill('Mine')
  expect(await changeElsewhere(page, { earn_cap_daily: 777 })).toBe(200)
  await save(page).click()
  const dialog = page.getByRole('dialog', { name: 'Someone else saved first' })
  await expect(dialog.getByText('Daily cap')).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Keep my changes on theirs' }).click()
  await expect(page.getByText(/Saved/)).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Description')).toHaveValue('Mine')
  await expect(page.getByRole('spinbutton', { name: 'Points a day' })).toHaveValue('777')
})

test('test_leaving__unsaved__asked_first', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByLabel('Description').fill('Not saved')
  await page.getByRole('link', { name: 'Programs' }).first().click()
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible()
  await page.getByRole('button', { name: 'Stay' }).click()
  await expect(page).toHaveURL(new RegExp(`${address}$`))
  await page.getByRole('link', { name: 'Programs' }).first().click()
  await page.getByRole('button', { name: 'Leave', exact: true }).click()
  await expect(page).toHaveURL(/\/programs$/)
})

test('test_performance__opened__accessible', async ({ signedIn: page }) => {
  await page.goto(`${address}?view=performance`)
  await expect(page.getByText('Outstanding')).toBeVisible()
  await settle(page)
  await expectAccessible(page)
})

test('test_program__narrow_and_arabic__nothing_wider_than_the_page', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'ar'))
  await page.goto(address)
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name)
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'en'))
})
