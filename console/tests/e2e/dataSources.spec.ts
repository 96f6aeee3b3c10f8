/** Where features come from: how the sources stand, a test of each connection, whose word counts, and the words of a feature. */
import { expect, expectAccessible, settle, test } from './harness'

test('test_sources__opened_and_tested__rights_tables_columns_and_accessible', async ({ signedIn: page }) => {
  await page.goto('/admin/data-sources')
  await settle(page)
  await expect(page.getByText('closed: calls go through').first()).toBeVisible()
  for (const button of await page.getByRole('button', { name: 'Test connection' }).all()) await button.click()
  await expect(page.getByText('Reachable')).toHaveCount(2)
  await expect(page.getByText('reads only')).toBeVisible()
  await page.getByText(/columns of/).click()
  await expect(page.getByRole('cell', { name: 'total_revenue', exact: true })).toBeVisible()
  await expectAccessible(page)
})

test('test_catalogue__a_feature_described__words_stay', async ({ signedIn: page }) => {
  await page.goto('/admin/data-sources')
  await settle(page)
  const words = `Said by the story at ${Date.now()}`
  await page.getByRole('textbox', { name: 'Search features' }).fill('complaint')
  await page.getByRole('button', { name: /^Edit / }).first().click()
  await page.getByLabel('In words').fill(words)
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.reload()
  await page.getByRole('textbox', { name: 'Search features' }).fill('complaint')
  await page.getByRole('button', { name: /^Edit / }).first().click()
  await expect(page.getByLabel('In words')).toHaveValue(words)
})

test('test_merge_strategy__chosen_and_put_back__kept_by_the_server', async ({ signedIn: page }) => {
  await page.goto('/admin/data-sources')
  await settle(page)
  const merge = page.getByRole('radio', { name: /^Merge/ })
  const before = page.getByRole('radio', { checked: true })
  const name = await before.getAttribute('value')
  await merge.click()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved', { exact: true }).first()).toBeVisible()
  await page.reload()
  await expect(merge).toBeChecked()
  await page.locator(`[role="radio"][value="${name ?? 'dwh_first'}"]`).click()
  if (name !== 'merge') await page.getByRole('button', { name: 'Save' }).click()
})

test('test_settings_of_a_source__linked_there_and_back__one_menu_entry_is_lit', async ({ signedIn: page }) => {
  await page.goto('/admin/data-sources')
  await settle(page)
  await expect(page.locator('nav a[aria-current="page"]')).toHaveText(['Data sources'])
  await page.getByRole('link', { name: 'Settings of the warehouse' }).click()
  await expect(page.getByRole('heading', { name: 'Data warehouse', exact: true })).toBeVisible()
  await page.getByRole('link', { name: 'Features of the warehouse' }).click()
  await expect(page.getByRole('heading', { name: 'Features of the warehouse' })).toBeVisible()
  await page.getByRole('link', { name: 'How the data sources stand' }).click()
  await expect(page).toHaveURL(/\/admin\/data-sources$/)
  await page.getByRole('link', { name: 'Settings of Xiva' }).click()
  await expect(page).toHaveURL(/\/admin\/settings\/xiva$/)
})
