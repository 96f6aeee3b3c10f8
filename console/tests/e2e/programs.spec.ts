/** A program from its name to its figures: sections, tiers, rules, caps, expiry, simulator, versions, refusals, conflicts, leaving. */
import type { Locator, Page } from '@playwright/test'
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

const save = (page: Page): Locator => page.getByRole('button', { name: 'Save', exact: true })
const simulator = (page: Page): Locator => page.getByRole('region', { name: 'Simulator' })

async function saved(page: Page): Promise<void> {
  await save(page).click()
  await expect(page.getByText(/Saved /)).toBeVisible()
}

/** A section by the outline, as a user goes there. */
async function goTo(page: Page, section: string): Promise<void> {
  const entry = page.getByRole('navigation', { name: 'Sections of the program' }).getByRole('button', { name: new RegExp(`^${section}`) })
  await entry.click()
  await expect(entry).toHaveAttribute('aria-current', 'step')
}

test('test_list__opened__accessible_and_filter_in_the_address', async ({ signedIn: page }) => {
  await page.goto('/programs')
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('combobox', { name: 'Status: all' }).click()
  await page.getByRole('option', { name: 'Draft' }).click()
  await expect(page).toHaveURL(/status=DRAFT/)
})

test('test_new_program__built_section_by_section__created_and_said_in_words', async ({ signedIn: page }) => {
  test.slow()
  await page.goto('/programs/new')
  await expect(page.getByRole('button', { name: 'Create', exact: true })).toBeDisabled()
  await page.getByLabel('Name').first().fill(name)
  await expect(page.getByLabel('Code').first()).toHaveValue(`STORY_PROGRAM_${stamp}`)
  await page.getByRole('combobox', { name: 'Status' }).click()
  await page.getByRole('option', { name: 'Active', exact: true }).click()

  await goTo(page, 'Tiers')
  await page.getByRole('button', { name: 'Bronze, Silver, Gold, Platinum' }).click()

  await goTo(page, 'Earn rules')
  await page.getByRole('button', { name: 'By amount' }).click()
  await goTo(page, 'Bonuses and events')
  await page.getByRole('button', { name: 'First purchase' }).click()

  await goTo(page, 'Caps')
  await page.getByRole('button', { name: 'Per day' }).click()
  await page.getByRole('spinbutton', { name: 'At most' }).fill('600')
  await page.keyboard.press('Tab')
  await expect(page.getByText('600 points a day, each member')).toBeVisible()

  await goTo(page, 'Expiry')
  await page.getByRole('radio', { name: 'After a time' }).click()
  await expect(page.getByRole('list', { name: 'The life of a point' })).toContainText('12 months later')
  await page.getByRole('spinbutton', { name: 'Grace after' }).fill('10')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('list', { name: 'The life of a point' })).toContainText('10 days of grace later')

  await goTo(page, 'Redeeming')
  await page.getByRole('radio', { name: 'Points for money' }).click()
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page).toHaveURL(/\/programs\/[0-9a-f-]{36}/)
  address = new URL(page.url()).pathname
  await expect(page.getByRole('heading', { name: 'In words' })).toBeVisible()
})

test('test_simulator__unsaved_rule_and_cap__trace_of_what_is_on_screen', async ({ signedIn: page }) => {
  await page.goto(`${address}?section=earning`)
  const panel = simulator(page)
  await panel.getByRole('button', { name: 'Try it' }).click()
  // 150 by amount and 500 for the first purchase, of which 600 fit into the day.
  await expect(panel.getByText('600', { exact: true }).first()).toBeVisible()
  await expect(panel.getByText('600 of 650 fit into this day')).toBeVisible()
  await expect(panel.getByText('First purchase')).toBeVisible()
  await expect(panel.getByText(/^Expires on/)).toBeVisible()
  await expectAccessible(page)

  await page.getByRole('radio', { name: 'Per purchase' }).click()
  await expect(panel.getByText('As saved: 600')).toBeVisible()
  await expect(panel.getByText('510', { exact: true }).first()).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('Control+z')
  await expect(page.getByRole('radio', { name: 'By amount' })).toBeChecked()
})

test('test_rules__second_one_with_a_condition__moved_by_keyboard_and_stacked', async ({ signedIn: page }) => {
  await page.goto(`${address}?section=earning`)
  await page.getByRole('button', { name: 'Add rule' }).click()
  await page.getByRole('menuitem', { name: 'By amount' }).click()
  await page.getByLabel('Name', { exact: true }).last().fill('Twice in the app')
  await page.getByRole('spinbutton', { name: 'Points for each unit' }).fill('2')
  await page.keyboard.press('Tab')
  await page.getByRole('switch', { name: 'Only when' }).click()
  await page.getByRole('button', { name: 'Condition', exact: true }).click()
  await page.getByRole('combobox', { name: 'Search features' }).fill('channel')
  await page.keyboard.press('Enter')
  await page.getByRole('combobox', { name: 'is any of' }).click()
  await page.getByRole('option', { name: 'is', exact: true }).click()
  await page.getByRole('textbox', { name: 'Value for Channel' }).fill('app')
  await page.getByRole('radio', { name: 'The best counts' }).click()
  await expectAccessible(page)
  await page.getByRole('button', { name: /^Move Twice in the app, position 2 of 2/ }).focus()
  await page.keyboard.press('ArrowUp')
  await expect(page.getByRole('button', { name: /^Move Twice in the app, position 1 of 2/ })).toBeFocused()
  await saved(page)

  const panel = simulator(page)
  await panel.getByLabel('Channel').fill('app')
  await panel.getByRole('button', { name: 'Try it' }).click()
  await expect(panel.getByText('Only the best of these rules counts.')).toBeVisible()
  await expect(panel.getByText('Another rule counts instead')).toBeVisible()
})

test('test_rule__as_json__nothing_lost_and_broken_text_holds_the_save', async ({ signedIn: page }) => {
  await page.goto(`${address}?section=earning`)
  await page.getByRole('button', { name: 'Open By amount' }).click()
  await page.getByRole('button', { name: 'JSON' }).click()
  const json = page.locator('main .cm-content')
  await expect(json).toContainText('transaction_amount')
  await json.fill('{"+": [')
  await expect(save(page)).toBeDisabled()
  await json.fill('{"+": [{"*": [{"var": "transaction_amount"}, 2]}, 5]}')
  await expect(page.getByText('This rule is written freely.')).toBeVisible()
  await saved(page)
  await page.reload()
  await page.getByRole('button', { name: 'Open By amount' }).click()
  await expect(page.locator('main .cm-content')).toContainText('"+"')
  await page.getByRole('button', { name: 'Start over with a form' }).click()
  await saved(page)
})

test('test_tiers__moved_and_made_to_clash__refusal_stands_at_the_field_and_in_the_outline', async ({ signedIn: page }) => {
  await page.goto(`${address}?section=tiers`)
  await page.getByRole('button', { name: /^Move Bronze, position 1 of 4/ }).focus()
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
  await goTo(page, 'Details')
  await save(page).click()
  await expect(page.getByRole('alert').getByText('Two tiers begin at 0 points.').first()).toBeVisible()
  await expect(page).toHaveURL(/section=tiers/)
  await expect(page.getByRole('navigation', { name: 'Sections of the program' }).getByText('something here was refused')).toHaveCount(1)
  await expectAccessible(page)
  await points.fill('1500')
  await points.press('Tab')
  await saved(page)
})

test('test_versions__scheduled__diff_told_and_cancelled', async ({ signedIn: page }) => {
  await page.goto(`${address}?section=caps`)
  await page.getByRole('button', { name: 'Open 600 points a day, each member' }).click()
  await page.getByRole('spinbutton', { name: 'At most' }).fill('900')
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Schedule the changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Schedule the changes' })
  await expect(dialog.getByText('Caps')).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Schedule', exact: true }).click()
  await expect(page).toHaveURL(/view=versions/)
  const diff = page.getByRole('region', { name: 'Caps' })
  await expect(diff.getByText('600', { exact: true })).toBeVisible()
  await expect(diff.getByText('900', { exact: true })).toBeVisible()
  await expect(page.getByText('Scheduled', { exact: true }).first()).toBeVisible()
  await expectAccessible(page)
  // What is in effect is untouched.
  await page.goto(`${address}?section=caps`)
  await expect(page.getByText('600 points a day, each member')).toBeVisible()
  await page.goto(`${address}?view=versions`)
  await page.getByRole('button', { name: 'Cancel it' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel it' }).click()
  await expect(page.getByText('Scheduled', { exact: true })).toHaveCount(0)
})

test('test_save__changed_elsewhere__both_versions_shown_and_mine_kept_on_theirs', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByLabel('Description').fill('Mine')
  expect(await changeElsewhere(page, { point_value: '0.02' })).toBe(200)
  await save(page).click()
  const dialog = page.getByRole('dialog', { name: 'Someone else saved first' })
  await expect(dialog.getByText('What one point costs')).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Keep my changes on theirs' }).click()
  await expect(page.getByText(/Saved /)).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Description')).toHaveValue('Mine')
  await goTo(page, 'Wallets')
  await expect(page.getByRole('spinbutton', { name: 'What one point costs you' })).toHaveValue('0.02')
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

for (const section of ['details', 'wallets', 'tiers', 'earning', 'bonuses', 'counts', 'caps', 'expiry', 'redeeming', 'policies']) {
  test(`test_section__${section}_opened__accessible`, async ({ signedIn: page }) => {
    await page.goto(`${address}?section=${section}`)
    await settle(page)
    await expectAccessible(page)
  })
}

test('test_performance__opened__accessible', async ({ signedIn: page }) => {
  await page.goto(`${address}?view=performance`)
  await expect(page.getByText('Outstanding')).toBeVisible()
  await settle(page)
  await expectAccessible(page)
})

test('test_program__narrow_and_arabic__nothing_wider_than_the_page', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'ar'))
  for (const section of ['details', 'tiers', 'earning', 'caps', 'expiry', 'policies']) {
    await page.goto(`${address}?section=${section}`)
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
    await expect(page.getByRole('heading', { level: 1 })).toContainText(name)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), section).toBeLessThanOrEqual(0)
  }
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'en'))
})
