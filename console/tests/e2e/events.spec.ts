/** Events: what happened and its catalogue, webhooks with a secret shown once, mappings with a test box, and what could not be taken in. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, expectAccessible, settle, test } from './harness'

const mark = Date.now().toString(36)
const received: string[] = []
let receiver: Server
let address = ''

test.beforeAll(async () => {
  receiver = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']))
    request.resume()
    request.on('end', () => response.writeHead(204).end())
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/told-${mark}`
})
test.afterAll(() => receiver.close())

test('test_facts__opened_and_followed__to_the_type_and_its_schema', async ({ signedIn: page }) => {
  await page.goto('/events/facts?type=points.earned')
  await settle(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'points.earned' }).nth(1).click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByRole('region', { name: 'Data' })).toContainText('points_amount')
  await drawer.getByRole('link', { name: 'About this type' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'points.earned' })).toBeVisible()
  await expect(page.getByText('tiers.on_points_earned')).toBeVisible()
  await page.getByRole('switch', { name: 'As JSON Schema' }).click()
  await expect(page.getByRole('region', { name: 'As JSON Schema' })).toContainText('"$schema"')
  await expectAccessible(page)
  await page.goto('/events/types')
  await page.getByLabel('Search types').fill('points earned')
  await expect(page.getByRole('link', { name: 'points.earned', exact: true })).toBeVisible()
  await expectAccessible(page)
})

test('test_webhook__made_and_tested__secret_once_delivered_sent_again_paused_and_deleted', async ({ signedIn: page }) => {
  await page.goto('/events/webhooks')
  await settle(page)
  await page.getByRole('button', { name: 'New endpoint' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address').fill(address)
  await dialog.getByLabel('Description').fill(`CRM ${mark}`)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(dialog.getByText(/^whsec_/)).toBeVisible()
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  await expect(page.getByRole('heading', { level: 1, name: `CRM ${mark}` })).toBeVisible()
  await page.getByRole('button', { name: 'Send a test event' }).click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByText('204')).toBeVisible()
  await expect(drawer.getByRole('region', { name: 'What was sent' })).toContainText('webhook.test')
  await expectAccessible(page)
  await drawer.getByRole('button', { name: 'Send again' }).click()
  await expect(drawer.getByText('204')).toHaveCount(2)
  // Other facts come in between.
  expect(received.length - new Set(received).size, 'the same id again, so that the receiver counts it once').toBe(1)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Turn the secret' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Turn the secret' }).click()
  await expect(page.getByRole('dialog').getByText(/^whsec_/)).toBeVisible()
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await expect(page.getByText('The old secret signs too until')).toBeVisible()
  await page.getByRole('button', { name: 'Pause' }).click()
  await expect(page.getByText('It is paused.')).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page).toHaveURL(/\/events\/webhooks$/)
})

test('test_mapping__tried_on_a_sample__saved_and_found_again', async ({ signedIn: page }) => {
  await page.goto('/events/mappings/new')
  await page.getByRole('button', { name: 'Use an example' }).click()
  await page.getByLabel('Source').fill(`erp-${mark}`)
  await page.getByLabel('Name', { exact: true }).fill(`Invoice ${mark}`)
  await page.getByRole('button', { name: 'Add a condition' }).click()
  await page.getByLabel('Path of condition 1').fill('$.kind')
  await expect(page.getByLabel('Value of condition 1'), 'the sample fills it').toHaveValue('invoice.paid')
  await page.getByLabel('Becomes').fill('customer.purchase')
  await page.getByRole('textbox', { name: 'Id', exact: true }).or(page.getByRole('combobox', { name: 'Id', exact: true })).fill('$.doc.nothing')
  await page.getByRole('combobox', { name: 'Customer', exact: true }).fill('$.doc.customer')
  await page.getByRole('button', { name: 'Try it' }).click()
  const outcome = page.getByRole('region', { name: 'Test box' }).getByRole('status')
  await expect(outcome, 'why, and where in the sample').toContainText(/It has no id.*\$\.doc\.nothing/s)
  await page.getByRole('combobox', { name: 'Id', exact: true }).fill('$.doc.number')
  await page.getByRole('button', { name: 'Try it' }).click()
  await expect(outcome, 'what the customers would say to it').toContainText(/customer\.not_found/)
  await expect(outcome).toContainText('$.doc.customer')
  await expectAccessible(page)
  const sample = page.getByRole('textbox', { name: 'Sample' })
  await sample.fill((await sample.inputValue()).replace('C-1007', 'XV-00000001'))
  await page.getByRole('button', { name: 'Add a field' }).click()
  await page.getByLabel('Path of field 1').fill('$.doc.lines[0].sum')
  await expect(page.getByLabel('Name of field 1')).toHaveValue('sum')
  await page.getByLabel('Name of field 1').fill('amount')
  await page.getByRole('button', { name: 'Try it' }).click()
  await expect(outcome).toContainText('It would be taken in as this')
  await expect(outcome).toContainText('"amount": 42.5')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByText('Mapping saved').first()).toBeVisible()
  await page.getByRole('link', { name: 'Mappings' }).first().click()
  await expect(page.getByRole('row', { name: new RegExp(`Invoice ${mark}`) })).toContainText('$.kind = invoice.paid')
  await expectAccessible(page)
})

test('test_letters_messages_and_sources__open__and_accessible', async ({ signedIn: page }) => {
  for (const [place, name] of [['letters', 'Dead letters'], ['messages', 'Dead messages'], ['sources', 'Sources']] as const) {
    await page.goto(`/events/${place}`)
    await settle(page)
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
    await expectAccessible(page)
  }
})
