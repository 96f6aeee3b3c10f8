/** The frame: signing in and out, the palette, theme, language, addresses that lead nowhere. */
import { expect, expectAccessible, server, settle, signIn, test } from './harness'

test('test_login__wrong_password__refused_in_words_and_page_accessible', async ({ page }) => {
  await page.goto('/segments?kind=static')
  await expect(page).toHaveURL(/\/login\?next=/)
  await expectAccessible(page)
  await page.getByLabel('Username').fill(server.username)
  await page.getByLabel('Password', { exact: true }).fill('surely-not-this-one')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await expectAccessible(page)
  await page.getByLabel('Password', { exact: true }).fill(server.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page).toHaveURL(/\/segments\?kind=static$/)
})

test('test_start__bare_address_while_signed_in__the_first_page', async ({ signedIn: page }) => {
  await page.goto('/')
  await expect(page).toHaveURL(/\/dashboard$/)
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible()
})

test('test_dashboard__opened__figures_and_accessible', async ({ signedIn: page }) => {
  await page.goto('/dashboard')
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible()
  await settle(page)
  await expect(page.getByText('Points earned and burned').first()).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: '14 days' }).click()
  await expect(page).toHaveURL(/days=14/)
})

test('test_palette__ctrl_k__goes_to_a_page_by_keyboard', async ({ signedIn: page }) => {
  await page.goto('/dashboard')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog')
  await expect(palette).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.type('segm')
  await expect(palette.getByRole('option').first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/segments/)
})

test('test_sidebar__narrow_screen__opens_and_closes', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 420, height: 900 })
  await page.goto('/dashboard')
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Open sidebar' }).click()
  await page.getByRole('dialog').getByRole('link', { name: 'Segments' }).click()
  await expect(page).toHaveURL(/\/segments/)
})

test('test_language__arabic__right_to_left_and_back', async ({ signedIn: page }) => {
  await page.goto('/dashboard')
  await page.getByRole('button', { name: /العربية/ }).click()
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
  await settle(page)
  await expectAccessible(page)
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
  await page.getByRole('button', { name: /English/ }).click()
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr')
})

test('test_address__unknown__says_so', async ({ signedIn: page }) => {
  await page.goto('/no/such/place')
  await expect(page.getByText('There is nothing at this address')).toBeVisible()
  await expectAccessible(page)
})

test('test_sign_out__from_the_menu__back_at_the_login', async ({ page }) => {
  await signIn(page)
  await page.goto('/dashboard')
  await page.getByRole('button', { name: /Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/login/)
  await page.goto('/dashboard')
  await expect(page).toHaveURL(/\/login/)
})
