/** A journey with people in it: counters on the cards, who is there, and what becomes of them when it changes. */
import type { Page } from '@playwright/test'
import { expect, expectAccessible, test } from './harness'
import { call, card, create, drawn, name, nodes, openBuilder, saved, waiting } from './journeyTools'

const PEOPLE = 3
let id = ''

// People are led on by workers of their own, which may be busy with others.
test.describe.configure({ mode: 'serial', timeout: 120_000 })

interface Seen { by_state: Record<string, number>; nodes: { node_id: string; here_now: number; entered: number }[] }
const figures = (page: Page): Promise<Seen> => call<Seen>(page, 'GET', `journeys/${id}/analytics/`)
const hereNow = async (page: Page, node: string): Promise<number> => (await figures(page)).nodes.find((one) => one.node_id === node)?.here_now ?? 0
const liveVersion = async (page: Page): Promise<number | null> => (await call<{ live_version: number | null }>(page, 'GET', `journeys/${id}/`)).live_version
const insideByVersion = async (page: Page): Promise<Record<string, number>> => {
  const found = await call<{ results: { version: number; state: string; current_node_id: string }[] }>(page, 'GET', `journeyExecutions/?journey=${id}&page_size=50`)
  const counted: Record<string, number> = {}
  for (const one of found.results) { const key = `${one.version} ${one.state} ${one.current_node_id}`; counted[key] = (counted[key] ?? 0) + 1 }
  return counted
}
async function start(page: Page, customer: string): Promise<void> {
  await call(page, 'POST', `journeys/${id}/start/`, { customer_id: customer }, { 'Idempotency-Key': `story-${id}-${customer}-${Date.now()}` })
}
async function customers(page: Page, filter = ''): Promise<string[]> {
  return (await call<{ results: { id: string }[] }>(page, 'GET', `customers/?page_size=10${filter}`)).results.map((one) => one.id)
}

test('test_counters__people_at_a_step__shown_on_its_card_kept_fresh_and_pressed_for_the_people', async ({ signedIn: page }) => {
  id = await create(page, 'With people', waiting())
  const { draft } = await call<{ draft: { revision: number; graph: { settings: object } } }>(page, 'GET', `journeys/${id}/`)
  const { revision } = await call<{ revision: number }>(page, 'PUT', `journeys/${id}/draft/`, { revision: draft.revision, graph: { ...draft.graph, settings: { ...draft.graph.settings, re_entry: 'after_exit' } } })
  await call(page, 'POST', `journeys/${id}/publish/`, { revision, comment: '', plan: { policy: 'stay', node_map: {} }, dry_run: false })
  await call(page, 'POST', `journeys/${id}/activate/`)
  const [last, ...first] = (await customers(page)).slice(0, PEOPLE)
  for (const customer of first) await start(page, customer)
  await expect.poll(() => hereNow(page, 'buy'), { timeout: 60_000 }).toBe(PEOPLE - 1)
  await page.clock.install()
  await openBuilder(page, id, 5)
  const counter = (what: string) => nodes(page).filter({ has: card(page, 'buy') }).getByRole('button', { name: what })
  await expect(counter(`A purchase: Here now ${PEOPLE - 1}, show the people`)).toBeVisible()
  await expect(card(page, 'buy')).toBeVisible()
  // Somebody comes meanwhile: the card counts them without a reload, and the step that is open stays open.
  await card(page, 'gift').click()
  await start(page, last ?? '')
  await expect.poll(() => hereNow(page, 'buy'), { timeout: 60_000 }).toBe(PEOPLE)
  await page.clock.fastForward(31_000)
  await expect(counter(`A purchase: Here now ${PEOPLE}, show the people`)).toBeVisible()
  await expect(name(page)).toHaveValue('Gift')
  await counter(`A purchase: Here now ${PEOPLE}, show the people`).click()
  await expect(page).toHaveURL(/tab=people&node=buy/)
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(PEOPLE + 1)
  await expectAccessible(page)
})

test('test_publish__the_step_they_wait_at_is_gone__counts_dry_run_and_moved', async ({ signedIn: page }) => {
  await openBuilder(page, id, 5)
  await card(page, 'buy').click()
  await page.keyboard.press('Delete')
  await expect(page.getByText(`${PEOPLE} people are there now. Publishing asks where they go on.`).first()).toBeVisible()
  await card(page, 'gift').click()
  await page.keyboard.press('n')
  await page.getByPlaceholder('Find a step').fill('Wait')
  await page.getByRole('option', { name: /^Wait/ }).click()
  await name(page).fill('A pause')
  await page.getByRole('button', { name: /^Next leads to/ }).click()
  await page.getByRole('option', { name: 'Kept' }).click()
  await card(page, 'lost').click()
  await page.keyboard.press('Delete')
  await saved(page)
  await page.getByRole('button', { name: 'Review & publish' }).click()
  const dialog = page.getByRole('dialog', { name: 'Review & publish' })
  const row = dialog.getByRole('row', { name: /A purchase/ })
  await expect(row).toContainText('step removed')
  await expect(row).toContainText(String(PEOPLE))
  await expect(row).toContainText('stay on version 1')
  await expect(dialog.getByText(`${PEOPLE} people stay on the older version`)).toBeVisible()
  await dialog.getByRole('radio', { name: /They leave/ }).click()
  await expect(dialog.getByText(`${PEOPLE} people leave the journey`)).toBeVisible()
  // What was added and what was removed, as a picture too.
  await expect(dialog.getByText('1 step added')).toBeVisible()
  await expect(dialog.getByText('2 steps removed')).toBeVisible()
  await dialog.getByRole('button', { name: 'As a picture' }).click()
  await expect(dialog.locator('.vue-flow__node')).toHaveCount(6)
  await dialog.getByRole('radio', { name: /They move/ }).click()
  const target = dialog.getByRole('combobox', { name: /^From A purchase/ })
  await expect(target).toBeVisible()
  await expectAccessible(page)
  // All of that was a rehearsal: closed again, nothing has changed.
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect(await liveVersion(page)).toBe(1)
  expect(await insideByVersion(page)).toEqual({ '1 WAITING buy': PEOPLE })

  await page.getByRole('button', { name: 'Review & publish' }).click()
  await dialog.getByRole('radio', { name: /They move/ }).click()
  await target.click()
  await page.getByRole('option', { name: 'A pause' }).click()
  await expect(dialog.getByText(`${PEOPLE} people move to the new version`)).toBeVisible()
  await dialog.getByLabel('Comment').fill('A pause instead')
  await dialog.getByRole('button', { name: 'Publish version 2' }).click()
  await expect(page.getByText('Version 2 is live').first()).toBeVisible()
  await expect.poll(() => insideByVersion(page)).toEqual({ '2 WAITING n5': PEOPLE })
})

test('test_versions__compared_restored_and_rolled_back__people_led_along', async ({ signedIn: page }) => {
  await page.goto(`/journeys/${id}?tab=versions`)
  await expect(page.getByText('A pause instead').first()).toBeVisible()
  await page.getByRole('button', { name: /^Version 1/ }).click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Roll back', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Roll back to version 1' })
  // Whom version 2 moved comes back to where they stood, unless that is not wanted.
  const back = dialog.getByRole('region', { name: 'Who comes back' })
  await expect(back.getByRole('row', { name: /A purchase/ })).toContainText(String(PEOPLE))
  await expectAccessible(page)
  await dialog.getByRole('switch', { name: 'Take back what the publications did to people' }).click()
  await dialog.getByRole('radio', { name: /They leave/ }).click()
  await expect(dialog.getByText(`${PEOPLE} people leave the journey`)).toBeVisible()
  await dialog.getByRole('button', { name: 'Roll back to 1' }).click()
  await expect(page.getByText(/is live$/).first()).toBeVisible()
  await expect.poll(async () => (await figures(page)).by_state['EXITED'] ?? 0).toBe(PEOPLE)
  // The draft stayed as it was until version 1 is brought into it.
  expect((await drawn(page, id)).nodes.some((node) => node.id === 'buy')).toBe(false)
  await page.getByRole('button', { name: /^Version 1/ }).click()
  await page.getByRole('button', { name: 'Bring into the draft' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Bring into the draft' }).click()
  await expect(page).toHaveURL(/\/edit$/)
  await expect(card(page, 'buy')).toBeVisible()
})

test('test_leading__everybody_at_a_step__counted_moved_and_let_go', async ({ signedIn: page }) => {
  const [first, second] = await customers(page)
  for (const customer of [first, second]) await start(page, customer ?? '')
  await expect.poll(() => hereNow(page, 'buy'), { timeout: 60_000 }).toBe(2)
  await page.goto(`/journeys/${id}?tab=people&node=buy`)
  await page.getByRole('button', { name: 'Lead many' }).click()
  const dialog = page.getByRole('dialog', { name: 'Lead everybody at a step' })
  await expect(dialog.getByLabel('Everybody at')).toHaveText('A purchase · 2')
  const confirm = dialog.getByRole('button', { name: /^Move|^Lead/ }).last()
  await expect(confirm).toBeDisabled()
  await dialog.getByLabel('To the step').click()
  await page.getByRole('option', { name: 'Kept' }).click()
  await expect(dialog.getByText('2 people go on at Kept.')).toBeVisible()
  await dialog.getByRole('radio', { name: /Lead them out/ }).click()
  await expect(dialog.getByText('2 people leave the journey.')).toBeVisible()
  await expectAccessible(page)
  // All of that only counted.
  expect(await hereNow(page, 'buy')).toBe(2)
  await dialog.getByRole('radio', { name: /Move them/ }).click()
  await expect(confirm).toBeDisabled()
  await dialog.getByLabel('Reason').fill('The purchase is known')
  await expect(confirm).toHaveText('Move 2 people')
  await confirm.click()
  await expect(page.getByText('2 people were moved').first()).toBeVisible()
  await expect.poll(async () => (await figures(page)).by_state['COMPLETED'] ?? 0, { timeout: 60_000 }).toBe(2)
  expect(await hereNow(page, 'buy')).toBe(0)
})

test('test_start_many__a_pasted_list__counted_by_reason_and_then_led_in', async ({ signedIn: page }) => {
  // Who is closed is not led in with many.
  const found = await customers(page, '&status=ACTIVE')
  await page.goto(`/journeys/${id}`)
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Start for many' }).click()
  const dialog = page.getByRole('dialog', { name: 'Start for many customers' })
  await expect(dialog.getByRole('button', { name: 'Count them first' })).toBeDisabled()
  await dialog.getByLabel('Customers').fill(`${found[0]}\n${found[0]}, nobody`)
  await dialog.getByRole('button', { name: 'Count them first' }).click()
  const told = dialog.getByRole('status', { name: 'What would become of them' })
  await expect(told).toContainText('Come in1')
  await expect(told).toContainText('Lead to no customer1')
  await expect(told).toContainText('Named more than once1')
  await expectAccessible(page)
  // Only counted so far, and the reason is asked for.
  expect(await hereNow(page, 'buy')).toBe(0)
  const confirm = dialog.getByRole('button', { name: 'Start for 1 customer' })
  await expect(confirm).toBeDisabled()
  await dialog.getByLabel('Reason').fill('They asked for it')
  await confirm.click()
  await expect(page.getByText('1 customer came in').first()).toBeVisible()
  await expect(dialog).toBeHidden()
  await expect.poll(() => hereNow(page, 'buy'), { timeout: 60_000 }).toBe(1)
  // Out again, so that the next story finds the journey empty.
  await call(page, 'POST', `journeys/${id}/people/`, { node_id: 'buy', reason: 'The story is told' })
})

test('test_life__paused_and_archived__says_what_becomes_of_whom', async ({ signedIn: page }) => {
  const [customer] = await customers(page)
  await start(page, customer ?? '')
  await page.goto(`/journeys/${id}`)
  await expect.poll(() => hereNow(page, 'buy'), { timeout: 60_000 }).toBe(1)
  await page.reload()
  await page.getByRole('button', { name: 'Pause' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByText('1 person is inside and stays where they are.')).toBeVisible()
  await dialog.getByRole('radio', { name: /Waits stand still/ }).click()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Pause' }).click()
  await expect(page.getByText('The journey is paused').first()).toBeVisible()
  await page.getByRole('button', { name: 'Activate' }).click()
  await dialog.getByRole('button', { name: 'Activate' }).click()
  await expect(page.getByText('The journey is active').first()).toBeVisible()
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Archive' }).click()
  await expect(dialog.getByText('1 person inside leaves now.')).toBeVisible()
  await dialog.getByRole('button', { name: 'Archive' }).click()
  await expect(page.getByText('The journey is archived').first()).toBeVisible()
  expect(await hereNow(page, 'buy')).toBe(0)
})
