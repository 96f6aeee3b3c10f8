/** The builder as a tool: by keys alone, between two journeys, through files, and with time travel. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, expectAccessible, test } from './harness'
import { call, create, drawn, idOf, line, name, nodes, saved, stamp, step, waiting, type Drawn } from './journeyTools'

test('test_keys__a_whole_journey_without_a_pointer__drawn_named_and_saved', async ({ signedIn: page }) => {
  await page.goto('/journeys/new')
  await expect(page.getByLabel('Name')).toBeFocused()
  await page.keyboard.type(`By keys ${stamp}`)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/edit$/)
  await expect(nodes(page)).toHaveCount(1)

  const add = async (wanted: string, count: number): Promise<void> => {
    await page.keyboard.press('n')
    await expect(page.getByPlaceholder('Find a step')).toBeFocused()
    await page.keyboard.type(wanted)
    await expect(page.getByRole('option', { name: new RegExp(`^${wanted}`) }).first()).toHaveAttribute('data-highlighted', '')
    await page.keyboard.press('Enter')
    await expect(nodes(page)).toHaveCount(count)
    await expect(name(page)).toHaveValue(wanted)
    await expect(page.locator('[data-step]:focus')).toHaveCount(1)
  }
  await page.keyboard.press('ArrowDown')
  await expect(name(page)).toHaveValue('Start')
  await add('Award points', 2)
  await add('Wait', 3)
  await add('Condition', 4)
  await add('End', 5)
  await page.keyboard.press('ArrowUp')
  await expect(name(page)).toHaveValue('Condition')
  await add('End', 6)
  await page.keyboard.press('Alt+ArrowRight')
  await saved(page)
  const graph = await drawn(page)
  expect(graph.nodes.map((node) => node.kind)).toEqual(['start', 'action', 'wait', 'condition', 'end', 'end'])
  expect(graph.edges.map((edge) => edge.branch).sort()).toEqual(['next', 'next', 'no', 'success', 'yes'])
  // Taken back to the empty beginning and done again, one act at a time.
  for (let count = 0; count < 6; count += 1) await page.keyboard.press('Control+z')
  await expect(nodes(page)).toHaveCount(1)
  for (let count = 0; count < 6; count += 1) await page.keyboard.press('Control+y')
  await expect(nodes(page)).toHaveCount(6)
})

test('test_piece__copied_into_another_journey__one_step_of_undo_and_flaws_told_at_once', async ({ signedIn: page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const from = await create(page, 'From', waiting())
  const to = await create(page, 'To', { nodes: [step('s', 'start', 'Start', { trigger: { kind: 'api' } }, 0)], edges: [] })
  await page.goto(`/journeys/${from}/edit`)
  await expect(nodes(page)).toHaveCount(5)
  await page.locator('[data-step="gift"]').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Control+c')
  await page.goto(`/journeys/${to}/edit`)
  await expect(nodes(page)).toHaveCount(1)
  await page.locator('[data-step="s"]').click()
  await page.keyboard.press('Control+v')
  await expect(nodes(page)).toHaveCount(5)
  // The second start stayed out, and the lines between the others came with them under new names.
  await expect(page.locator('.vue-flow__edge')).toHaveCount(3)
  await page.keyboard.press('Control+z')
  await expect(nodes(page)).toHaveCount(1)
  await page.keyboard.press('Control+Shift+z')
  await expect(nodes(page)).toHaveCount(5)
  await page.getByRole('button', { name: /to fix$/ }).click()
  await expect(page.getByText('Nobody can come to Gift')).toBeVisible()
  await expectAccessible(page)
  await page.locator('[data-step="s"]').click()
  await page.getByRole('button', { name: /^Next leads to/ }).click()
  await page.getByRole('option', { name: 'Gift' }).click()
  await expect(page.locator('.vue-flow__edge')).toHaveCount(4)
  await expect(page.getByText('Nobody can come to Gift')).toHaveCount(0)
})

test('test_file__exported_and_brought_in_again__the_same_steps', async ({ signedIn: page }, info) => {
  const id = await create(page, 'As a file', waiting())
  await page.goto(`/journeys/${id}/edit`)
  await expect(nodes(page)).toHaveCount(5)
  await page.getByRole('button', { name: 'More actions' }).click()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export as JSON' }).click()])
  const kept = info.outputPath('journey.json')
  writeFileSync(kept, readFileSync(await file.path()))
  await page.goto('/journeys')
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Import' }).click()])
  await chooser.setFiles(kept)
  await expect(page).toHaveURL(/\/edit$/)
  expect(idOf(page)).not.toBe(id)
  await expect(nodes(page)).toHaveCount(5)
  // Something else is refused in words.
  writeFileSync(kept, '{"nothing": true}')
  await page.getByRole('button', { name: 'More actions' }).click()
  const [again] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('menuitem', { name: 'Import steps from a file' }).click()])
  await again.setFiles(kept)
  await expect(page.getByText('This file holds no steps of a journey.').first()).toBeVisible()
})

test('test_time_travel__with_and_without_the_event__the_other_way_in_a_moment', async ({ signedIn: page }) => {
  await page.goto(`/journeys/${await create(page, 'In time', waiting())}/edit`)
  await page.getByRole('button', { name: 'Test run' }).click()
  await page.getByRole('button', { name: 'Choose a customer' }).click()
  await page.getByRole('option').first().click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const path = page.getByRole('region', { name: 'Way of the test' })
  await expect(path.getByRole('button', { name: '4. Lost' })).toBeVisible()
  await page.getByText('Time and events').click()
  await page.getByRole('button', { name: 'Event that happens meanwhile' }).click()
  await page.getByLabel('Event', { exact: true }).click()
  await page.getByRole('option', { name: /Purchase/ }).first().click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await expect(path.getByRole('button', { name: '4. Kept' })).toBeVisible()
  await expectAccessible(page)
})

test('test_template__chosen_in_a_mail__its_words_are_shown_and_its_values_asked', async ({ signedIn: page }) => {
  const code = `story_${stamp}`
  const made = await call<{ id: string }>(page, 'POST', 'messageTemplates/', { code, channel: 'email', name: `Story mail ${stamp}`, fallback_languages: ['en'] })
  await page.evaluate(async (id) => {
    const token = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
    const headers = { 'content-type': 'application/json', 'X-CSRFToken': token }
    const tag = (await fetch(`/api/loyalty/v1/messageTemplates/${id}/`)).headers.get('etag') ?? ''
    const body = { variables: [{ name: 'gift', description: 'What they get', fallback: null, sample: 'a cup' }], content: { en: { subject: 'For you', body: '<p>Here is {{ gift }}.</p>' } } }
    await fetch(`/api/loyalty/v1/messageTemplates/${id}/`, { method: 'PATCH', headers: { ...headers, 'If-Match': tag }, body: JSON.stringify(body) })
    await fetch(`/api/loyalty/v1/messageTemplates/${id}/publish/`, { method: 'POST', headers, body: JSON.stringify({ note: '' }) })
  }, made.id)
  const graph: Drawn = { nodes: [step('s', 'start', 'Start', { trigger: { kind: 'api' } }, 0), step('m', 'action', 'Mail', { action_type: 'send_email', subject: 'Own', body: 'Own words' }, 160)], edges: [line('s', 'next', 'm')] }
  await page.goto(`/journeys/${await create(page, 'Mail', graph)}/edit`)
  await page.locator('[data-step="m"]').click()
  await page.getByRole('button', { name: 'Put a value into Text' }).click()
  await page.getByRole('menuitem', { name: 'first_name' }).click()
  await expect(page.getByRole('textbox', { name: 'Text' })).toHaveValue('Own words{{ first_name | "friend" }}')
  await expect(page.getByRole('textbox', { name: 'Text' })).toBeFocused()
  await expect(page.getByRole('menu')).toHaveCount(0)
  await page.getByLabel('Template', { exact: true }).click()
  await page.getByRole('option', { name: new RegExp(`^Story mail ${stamp}`) }).click()
  await expect(page.getByText('Here is a cup.')).toBeVisible()
  await expect(page.getByRole('listbox')).toHaveCount(0)
  await expect(page.getByRole('textbox', { name: 'Text' })).toHaveCount(0)
  await page.getByRole('textbox', { name: 'gift' }).fill('{{customer.first_name}}')
  await expectAccessible(page)
  await saved(page)
  expect((await drawn(page)).nodes[1]?.config).toMatchObject({ template: code, variables: { gift: '{{customer.first_name}}' } })
  // Own words come back when the template is let go of.
  await page.getByLabel('Template', { exact: true }).click()
  await page.getByRole('option', { name: 'Own words' }).click()
  await expect(page.getByRole('textbox', { name: 'Subject' })).toHaveValue('Own')
})

test('test_overdue__nobody__said_so', async ({ signedIn: page }) => {
  await page.goto('/journeys')
  await page.getByRole('tab', { name: /^Overdue/ }).click()
  await expect(page).toHaveURL(/view=stuck/)
  await expect(page.getByText('Nobody is overdue').or(page.getByText('Their time came more than ten minutes ago'))).toBeVisible()
  await expectAccessible(page)
})
