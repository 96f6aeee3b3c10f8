/** A segment from the first condition to its members: estimate, words, JSON, recalculation, history, explanation. */
import type { Page } from '@playwright/test'
import { expect, expectAccessible, settle, test } from './harness'

const name = `Story ${Date.now()}`

async function addCondition(page: Page, feature: string): Promise<void> {
  await page.getByRole('button', { name: 'Condition', exact: true }).first().click()
  await page.getByRole('combobox', { name: 'Search features' }).fill(feature)
  await page.getByRole('option', { name: feature, exact: true }).click()
}

test.describe.configure({ mode: 'serial' })

test('test_list__opened__accessible_and_state_in_the_address', async ({ signedIn: page }) => {
  await page.goto('/segments')
  await settle(page)
  await expectAccessible(page)
  await page.getByPlaceholder('Search segments').fill('zzz-nothing')
  await expect(page).toHaveURL(/q=zzz-nothing/)
  await expect(page.getByText('Nothing matches')).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).not.toHaveURL(/q=/)
})

test('test_new_segment__built_by_hand__estimate_words_and_json_agree', async ({ signedIn: page }) => {
  await page.goto('/segments/new')
  await page.getByLabel('Name').fill(name)
  await addCondition(page, 'Age')
  await expect(page.getByText(/of [\d,]+ customers/)).toBeVisible()
  await expect(page.getByRole('heading', { name: 'In words' })).toBeVisible()
  await settle(page)
  await expectAccessible(page)

  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  const json = page.locator('.cm-content')
  await expect(json).toContainText('"var"')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Visual', exact: true }).click()

  // Undo takes the condition away, redo brings it back.
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('Control+z')
  await expect(page.getByText('No condition yet')).toBeVisible()
  await page.keyboard.press('Control+Shift+z')
  await expect(page.getByText('No condition yet')).toHaveCount(0)

  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page).toHaveURL(/\/segments\/[0-9a-f-]{36}$/)
})

test('test_lines__moved_and_taken_away_by_keys__rule_follows', async ({ signedIn: page }) => {
  await page.goto('/segments/new')
  await addCondition(page, 'Age')
  await addCondition(page, 'City')
  const lines = page.locator('[data-line]')
  await expect(lines).toHaveCount(2)
  await lines.first().focus()
  await page.keyboard.press('Alt+ArrowDown')
  await expect(lines.nth(1)).toBeFocused()
  await expect(lines.nth(1)).toHaveAccessibleName('Line: Age')
  await page.keyboard.press('g')
  await expect(page.getByRole('group', { name: 'Inner group, level 2' })).toBeVisible()
  await page.keyboard.press('Delete')
  await expect(lines).toHaveCount(1)
})

test('test_behaviour__bought_lately__counted_and_said', async ({ signedIn: page }) => {
  await page.goto('/segments/new')
  await page.getByRole('button', { name: 'Condition', exact: true }).first().click()
  await page.getByRole('option', { name: 'What they did' }).click()
  await expect(page.getByText('in the last')).toBeVisible()
  await page.getByRole('combobox', { name: 'Choose an event' }).click()
  await page.getByRole('option', { name: /purchase/i }).first().click()
  await expect(page.getByText(/of [\d,]+ customers/)).toBeVisible()
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await expect(page.locator('.cm-content')).toContainText('events_count')
})

test('test_recalculate__watched_and_reloaded__members_history_and_reason', async ({ signedIn: page }) => {
  await page.goto(`/segments?q=${encodeURIComponent(name)}`)
  await page.getByRole('link', { name }).click()
  // The list has a button with these words too.
  await expect(page).toHaveURL(/\/segments\/[0-9a-f-]{36}/)
  const accepted = page.waitForResponse((response) => response.url().endsWith('/recalculate/') && response.status() === 202)
  await page.getByRole('button', { name: 'Recalculate', exact: true }).click()
  await accepted
  await page.reload()
  await expect(page.getByText(/Calculated now|Calculated \d+ sec/).first()).toBeVisible({ timeout: 45_000 })
  await settle(page)
  await expectAccessible(page)

  await page.getByRole('tab', { name: /Members/ }).click()
  const first = page.locator('tbody tr').first()
  await expect(first.getByRole('link')).toBeVisible()
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('tab', { name: 'Trends' }).click()
  await expect(page.getByRole('heading', { name: 'Came and went' })).toBeVisible()
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('tab', { name: /Members/ }).click()
  const reference = (await first.getByRole('link').innerText()).trim()

  await page.getByRole('tab', { name: 'Why in or out' }).click()
  await page.getByLabel('Customer reference or id').fill(reference)
  await page.getByRole('button', { name: 'Explain' }).click()
  await expect(page.getByText('Is a member', { exact: true })).toBeVisible()
  await expectAccessible(page)
})

test('test_rule_the_tree_cannot_show__written_as_json__kept_as_advanced', async ({ signedIn: page }) => {
  await page.goto(`/segments?q=${encodeURIComponent(name)}`)
  await page.getByRole('link', { name }).click()
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"and": [{">": [{"var": "age"}, 18]}, {"<": [{"+": [{"var": "age"}, 1]}, 99]}]}')
  await page.getByRole('button', { name: 'Visual', exact: true }).click()
  await expect(page.getByText('Advanced', { exact: true })).toBeVisible()
  await expect(page.getByText('"+"')).toBeVisible()
  await settle(page)
  await expectAccessible(page)

  // Leaving with unsaved changes asks first.
  await page.getByRole('link', { name: 'Dashboard' }).click()
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Stay' }).click()
  await expect(page).toHaveURL(/\/segments\//)
})

test('test_broken_json__typed__said_and_not_saved', async ({ signedIn: page }) => {
  await page.goto(`/segments?q=${encodeURIComponent(name)}`)
  await page.getByRole('link', { name }).click()
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"and": [')
  await expect(page.getByText('This is not valid JSON yet')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled()
})

test('test_unknown_field__in_the_rule__refused_in_words', async ({ signedIn: page }) => {
  await page.goto(`/segments?q=${encodeURIComponent(name)}`)
  await page.getByRole('link', { name }).click()
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{">": [{"var": "no_such_feature"}, 1]}')
  await expect(page.getByText('The server does not accept this rule')).toBeVisible()
  await expectAccessible(page)
})

test('test_delete__confirmed__gone_from_the_list', async ({ signedIn: page }) => {
  await page.goto(`/segments?q=${encodeURIComponent(name)}`)
  await page.getByRole('link', { name }).click()
  await page.getByRole('button', { name: 'Delete this segment' }).click()
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page).toHaveURL(/\/segments$/)
  await page.goto(`/segments?q=${encodeURIComponent(name)}`)
  await expect(page.getByText('Nothing matches')).toBeVisible()
})

test('test_overlap__two_segments_chosen__picture_and_figures', async ({ signedIn: page }) => {
  await page.goto('/segments/overlap')
  await expect(page.getByText('What do segments have in common?')).toBeVisible()
  await page.getByRole('combobox', { name: 'Choose two or three segments' }).or(page.getByRole('button', { name: 'Choose two or three segments' })).first().click()
  await page.getByRole('option', { name: 'At risk of leaving' }).click()
  await page.getByRole('option', { name: 'Gone quiet' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('img', { name: /Circles of/ })).toBeVisible()
  await expect(page.getByRole('table', { name: 'In figures' }).getByRole('row')).toHaveCount(4)
  await expect(page).toHaveURL(/segments=/)
  await expectAccessible(page)
})

test('test_static__file_with_known_and_unknown_lines__match_report', async ({ signedIn: page }) => {
  await page.goto('/customers')
  await expect(page.locator('tbody tr').first()).toContainText('XV-')
  const reference = (await page.locator('tbody tr').first().innerText()).match(/XV-\d+/)?.[0] ?? ''
  expect(reference).not.toBe('')
  await page.goto('/segments/new')
  await page.getByLabel('Name').fill(`Static ${name}`)
  await page.getByRole('radio', { name: /^Static/ }).click()
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page).toHaveURL(/\/segments\/[0-9a-f-]{36}$/)
  await page.getByRole('tab', { name: /Members/ }).click()
  await page.getByRole('button', { name: 'CSV file' }).click()
  await page.locator('input[type=file]').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(`customer_ref\n${reference}\n${reference}\nXV-99999999\n`) })
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByText('Lines that name no known customer').click()
  await expect(page.getByText('XV-99999999')).toBeVisible()
  // The history beside it has a table of its own, for who cannot see the drawing.
  await expect(page.locator('[role="region"][aria-label="Members"] tbody tr')).toHaveCount(1)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete this segment' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page).toHaveURL(/\/segments$/)
})

test('test_members__why_asked__leaves_and_the_smallest_change', async ({ signedIn: page }) => {
  await page.goto('/segments?q=At%20risk')
  await page.getByRole('link', { name: 'At risk of leaving' }).click()
  await page.getByRole('tab', { name: /Members/ }).click()
  await page.getByRole('button', { name: /^Why / }).first().click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByText('What would take this customer out')).toBeVisible()
  await expect(drawer.getByText(/churn_score = /)).toBeVisible()
  await expectAccessible(page)
})
