/** A campaign from its first word to its figures: audience, trigger, text, preview, test, sending once. */
import words from '../../src/features/campaigns/locales/en.json' with { type: 'json' }
import { expect, expectAccessible, settle, test } from './harness'

const name = `Story campaign ${Date.now()}`
let address = ''

test.describe.configure({ mode: 'serial' })

test('test_list__opened__accessible', async ({ signedIn: page }) => {
  await page.goto('/campaigns')
  await settle(page)
  await expectAccessible(page)
})

test('test_calendar__opened__days_and_a_way_to_the_next_month', async ({ signedIn: page }) => {
  await page.goto('/campaigns?view=calendar')
  await page.getByRole('button', { name: 'Later' }).click()
  await settle(page)
  await expectAccessible(page)
})

test('test_new_campaign__step_by_step__created_with_reach_and_a_real_mail', async ({ signedIn: page }) => {
  const step = (label: string) => page.getByRole('navigation', { name: 'Steps of the campaign' }).getByRole('button', { name: label })
  await page.goto('/campaigns/new')
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('Written to', { exact: true }).click()
  await page.getByRole('option', { name: /Friends of the house/ }).click()
  await page.keyboard.press('Escape')
  // The count is there before anything is kept.
  await expect(page.getByText(/customers? will be written to/)).toBeVisible()
  await expectAccessible(page)
  await step('Channels').click()
  await expectAccessible(page)
  await step('Offers').click()
  await page.getByRole('button', { name: 'Add an offer' }).click()
  await page.getByLabel('Title').fill('Double data')
  await expectAccessible(page)
  await step('Timing').click()
  await page.getByLabel('How often').click()
  await page.getByRole('option', { name: 'Every week' }).click()
  await page.getByRole('button', { name: 'Friday' }).click()
  await expect(page.getByText(/Every Monday and Friday at 09:00/)).toBeVisible()
  await expect(page.getByRole('region', { name: 'Next runs' }).getByRole('listitem')).toHaveCount(5)
  await expectAccessible(page)
  await step('Limits').click()
  await expectAccessible(page)
  await step('Review').click()
  await expectAccessible(page)
  await page.getByRole('button', { name: /E-mail: Subject is empty/ }).click()
  await page.getByRole('textbox', { name: /^Subject/ }).fill('Good news, ')
  await page.getByRole('button', { name: 'Insert a value into the subject' }).click()
  await page.getByRole('menuitem', { name: 'first_name' }).click()
  await expect(page.getByRole('textbox', { name: /^Subject/ })).toHaveValue('Good news, {{ first_name | "customer" }}')
  await page.getByRole('textbox', { name: /^Body/ }).fill('<p>Hello {{ frist_name }}</p>')
  await expect(page.getByText('Unknown value: frist_name')).toBeVisible()
  await expectAccessible(page)

  // The server refuses the misspelt value, at the field.
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page.getByText(/There is no variable frist_name/).first()).toBeVisible()
  await page.getByRole('textbox', { name: /^Body/ }).fill('<p>Hello {{ first_name | "friend" }}, look at <a href="https://www.khaywe.example/story">this</a>.</p>')
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page).toHaveURL(/\/campaigns\/[0-9a-f-]{36}\/edit/)
  address = new URL(page.url()).pathname.replace('/edit', '')
  await expect(page.frameLocator('iframe[title^="Mail:"]').getByText(/^Hello/)).toBeVisible()
  await expectAccessible(page)
})

test('test_preview__another_customer__mail_of_that_customer', async ({ signedIn: page }) => {
  await page.goto(`${address}/edit?step=content`)
  const picker = page.getByRole('button', { name: /choose another|Choose a customer/ })
  await picker.click()
  const option = page.getByRole('option').first()
  const person = (await option.innerText()).split('\n')[0] ?? ''
  await option.click()
  await expect(page.getByText(`Good news, ${person.split(' ')[0] ?? ''}`)).toBeVisible()
})

test('test_test_send__own_address__one_mail_on_its_way', async ({ signedIn: page }) => {
  await page.goto(`${address}/edit?step=content`)
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByRole('textbox', { name: 'To', exact: true }).fill('not an address')
  await page.getByRole('button', { name: 'Send the test' }).click()
  await expect(page.getByText('This is not an e-mail address.')).toBeVisible()
  await page.getByRole('textbox', { name: 'To', exact: true }).fill('operator@example.test')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Send the test' }).click()
  await expect(page.getByText('A test is on its way to operator@example.test').first()).toBeVisible()
})

test('test_trigger_now__draft_then_active__audience_first_then_sent_once', async ({ signedIn: page }) => {
  await page.goto(address)
  await expect(page.getByRole('button', { name: 'Trigger now' })).toHaveAttribute('aria-disabled', 'true')
  await page.getByRole('button', { name: 'Send to review' }).click()
  await expect(page.getByText('The campaign is in review').first()).toBeVisible()
  await page.getByRole('button', { name: 'Approve and activate' }).click()
  await expect(page.getByText('The campaign is active').first()).toBeVisible()
  await page.getByRole('button', { name: 'Trigger now' }).click()
  const dialog = page.getByRole('dialog', { name: 'Trigger now' })
  await expect(dialog.getByText(/customers? will be written to/)).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: /^Send to \d+ customer/ }).click()
  await expect(page.getByText(/is being written to|are being written to/).first()).toBeVisible()
  await expect(async () => {
    await page.getByRole('button', { name: 'Refresh' }).first().click()
    await expect(page.getByText(/100% of \d+ sent/).first()).toBeVisible({ timeout: 2_000 })
  }).toPass({ timeout: 40_000 })
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('combobox', { name: 'Status: all' }).click()
  await page.getByRole('option', { name: 'Delivered' }).click()
  await expect(page).toHaveURL(/status=DELIVERED/)
})

test('test_event_trigger__with_a_condition__rule_editor_opens_and_is_saved', async ({ signedIn: page }) => {
  await page.goto(`${address}/edit?step=timing`)
  await page.getByRole('radio', { name: 'Event' }).click()
  await page.getByRole('switch', { name: 'Only some of these events' }).click()
  await expect(page.getByRole('region', { name: 'Condition on the event' })).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText(/Saved/)).toBeVisible()
  await page.reload()
  await expect(page.getByRole('switch', { name: 'Only some of these events' })).toBeChecked()
})

test('test_pause_and_end__asked_first__status_follows', async ({ signedIn: page }) => {
  await page.goto(address)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
  await expect(page.getByText('The campaign is paused').first()).toBeVisible()
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'End' }).click()
  await page.getByRole('button', { name: 'End for good' }).click()
  await expect(page.getByText('Ended', { exact: true }).first()).toBeVisible()
})

test('test_kinds__asked_of_the_server__the_console_has_words_for_all', async ({ signedIn: page }) => {
  interface Kinds { events: { type: string; fields: string[] }[]; measures: string[] }
  const kinds = await page.evaluate(async () => (await (await fetch('/api/loyalty/v1/campaigns/kinds/')).json()) as Kinds)
  // A type that a newer domain publishes is offered under its own name; no word is left without a type.
  const types = new Set(kinds.events.map((event) => event.type.replaceAll('.', '_')))
  expect(Object.keys(words.events).filter((type) => !types.has(type))).toEqual([])
  const fields = new Set(kinds.events.flatMap((event) => event.fields))
  expect(Object.keys(words.eventFields).filter((field) => !fields.has(field) && field !== 'event_type' && field !== 'occurred_at')).toEqual([])
  expect([...kinds.measures].sort()).toEqual(Object.keys(words.measures).sort())
})
