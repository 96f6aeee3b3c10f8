/** A journey from a template to people inside: building, trying, conflicts, publishing, versions. */
import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import words from '../../src/features/journeys/locales/en.json' with { type: 'json' }
import { expect, expectAccessible, settle, test } from './harness'

const name = `Story journey ${Date.now()}`
let address = ''

test.describe.configure({ mode: 'serial' })

const step = (page: Page, title: string) => page.locator('.vue-flow__node').getByRole('button', { name: title }).first()
const saved = (page: Page) => expect(page.getByRole('status').filter({ hasText: /Saved/ }).first()).toBeVisible()

test('test_new__from_a_template__a_draft_with_what_is_left_to_do', async ({ signedIn: page }) => {
  await page.goto('/journeys')
  await page.getByRole('link', { name: 'Create journey' }).first().click()
  await page.getByRole('button', { name: /^Birthday/ }).click()
  await page.getByLabel('Name').fill(name)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Create from template' }).click()
  await expect(page).toHaveURL(/\/journeys\/[0-9a-f-]{36}\/edit$/)
  address = new URL(page.url()).pathname
  await expect(page.locator('.vue-flow__node')).not.toHaveCount(0)
  await page.getByRole('button', { name: /to fix$/ }).click()
  await page.getByRole('button', { name: /Segment is missing/ }).click()
  await page.getByRole('button', { name: /^Segment/ }).click()
  await page.getByRole('option', { name: 'Friends of the house' }).click()
  await expect(page.getByText('Segment is missing')).toHaveCount(0)
  await saved(page)
})

test('test_builder__steps_added_and_taken_back__every_act_is_one_step_of_undo', async ({ signedIn: page }) => {
  await page.goto(address)
  const nodes = page.locator('.vue-flow__node')
  await expect(nodes).not.toHaveCount(0)
  const before = await nodes.count()

  // With the plus on a line, found by typing; its editor opens at once.
  await page.getByRole('button', { name: /^Put a step between/ }).first().click()
  await page.getByPlaceholder('Find a step').fill('Split')
  await page.getByRole('option', { name: /Split/ }).click()
  await expect(nodes).toHaveCount(before + 1)
  await expect(page.getByRole('textbox', { name: 'Name of the step' })).toHaveValue('Split')
  await expectAccessible(page)

  // The arrows walk along the lines; N adds behind, Ctrl+Z takes back one act at a time.
  await step(page, 'Split').focus()
  await page.keyboard.press('ArrowUp')
  await expect(page.getByRole('textbox', { name: 'Name of the step' })).not.toHaveValue('Split')
  await page.keyboard.press('n')
  await page.getByPlaceholder('Find a step').fill('Wait')
  await page.getByRole('option', { name: /^Wait/ }).click()
  await expect(nodes).toHaveCount(before + 2)
  await page.keyboard.press('Control+z')
  await expect(nodes).toHaveCount(before + 1)
  await page.keyboard.press('Control+Shift+z')
  await expect(nodes).toHaveCount(before + 2)
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await expect(nodes).toHaveCount(before)

  // Dragged from the palette onto the canvas, where it says what it lacks; copied and pasted as one act.
  await page.getByRole('navigation', { name: 'Steps to add' }).getByRole('button', { name: 'Award points' }).dragTo(page.locator('.vue-flow__pane'), { targetPosition: { x: 120, y: 480 } })
  await expect(nodes).toHaveCount(before + 1)
  await expect(page.getByText('Points is missing.').first()).toBeVisible()
  await page.keyboard.press('Control+d')
  await expect(nodes).toHaveCount(before + 2)
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await expect(nodes).toHaveCount(before)
  await saved(page)
  await page.reload()
  await expect(nodes).toHaveCount(before)
})

test('test_conflict__two_tabs__both_changes_stand', async ({ signedIn: page, context }) => {
  await page.goto(address)
  const other = await context.newPage()
  await other.goto(address)
  await expect(other.locator('.vue-flow__node')).not.toHaveCount(0)
  for (const [tab, title] of [[other, 'theirs'], [page, 'mine']] as const) {
    await tab.locator('[data-step]').nth(title === 'mine' ? 1 : 0).click()
    await tab.getByRole('textbox', { name: 'Name of the step' }).fill(title)
    await tab.keyboard.press('Control+s')
    if (tab === other) await saved(other)
  }
  const dialog = page.getByRole('dialog', { name: 'Someone else saved first' })
  await expect(dialog).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Keep my changes on theirs' }).click()
  await expect(step(page, 'theirs')).toBeVisible()
  await expect(step(page, 'mine')).toBeVisible()
  await saved(page)
  await other.close()
})

test('test_test_run__a_real_customer__the_way_is_shown_and_nothing_is_sent', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByRole('button', { name: 'Test run' }).click()
  await expect(page.getByText('Nothing is sent')).toBeVisible()
  await page.getByRole('button', { name: 'Choose a customer' }).click()
  await page.getByRole('option').first().click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const path = page.getByRole('region', { name: 'Way of the test' })
  await expect(path.getByRole('button', { name: /^1\. / })).toBeVisible()
  await expectAccessible(page)
})

test('test_publish__reviewed_and_activated__live_with_a_version_and_a_file', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByRole('button', { name: 'Review & publish' }).click()
  const dialog = page.getByRole('dialog', { name: 'Review & publish' })
  await expect(dialog.getByText(/^The first version/)).toBeVisible()
  await dialog.getByLabel('Comment').fill('First of the story')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Publish version 1' }).click()
  await expect(page.getByText('Version 1 is live').first()).toBeVisible()
  await page.goto(address.replace('/edit', ''))
  await expect(page.getByText('Came in').first()).toBeVisible()
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('tab', { name: 'Versions' }).click()
  await expect(page.getByText('First of the story').first()).toBeVisible()
  await page.getByRole('button', { name: 'More actions' }).click()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export as JSON' }).click()])
  const exported = JSON.parse(readFileSync(await file.path(), 'utf8')) as { graph: { nodes: unknown[] } }
  expect(exported.graph.nodes.length).toBeGreaterThan(2)
})

test('test_people__one_started_by_hand__shown_with_the_way_taken', async ({ signedIn: page }) => {
  await page.goto(address.replace('/edit', ''))
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Start for a customer' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Choose a customer' }).click()
  await page.getByRole('option').first().click()
  await dialog.getByRole('button', { name: 'Start for a customer' }).click()
  await expect(page.getByText('The customer is in the journey').first()).toBeVisible()
  await page.getByRole('tab', { name: /^People/ }).click()
  await page.getByRole('table').getByRole('link').first().click()
  await expect(page.getByText('Way taken').first()).toBeVisible()
  await settle(page)
  await expectAccessible(page)
})

test('test_builder__narrow_and_in_arabic__accessible', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(address)
  await expect(page.locator('.vue-flow__node')).not.toHaveCount(0)
  await settle(page)
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'ar'))
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.reload()
  await expect(page.locator('.vue-flow__node')).not.toHaveCount(0)
  await settle(page)
  await expectAccessible(page)
  await page.evaluate(() => localStorage.setItem('khaywe:language', 'en'))
})

test('test_kinds__asked_of_the_server__the_console_has_words_for_all', async ({ signedIn: page }) => {
  interface Kinds { nodes: { kind: string }[]; actions: { kind: string; group: string; fields: { name: string }[] }[] }
  const kinds = await page.evaluate(async () => (await (await fetch('/api/loyalty/v1/journeys/kinds/')).json()) as Kinds)
  expect(kinds.nodes.map((node) => node.kind).sort()).toEqual(Object.keys(words.kinds).sort())
  expect(kinds.actions.map((action) => action.kind).filter((kind) => !(kind in words.actions))).toEqual([])
  expect(kinds.actions.map((action) => action.group).filter((group) => !(group in words.groups))).toEqual([])
  expect(kinds.actions.flatMap((action) => action.fields.map((field) => field.name)).filter((field) => !(field in words.fields))).toEqual([])
})
