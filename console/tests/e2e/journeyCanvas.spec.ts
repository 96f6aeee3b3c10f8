/** Every act of the canvas by hand: with the pointer, with the keys, and what becomes of the work when the server cannot be reached. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, expectAccessible, server, signIn, test } from './harness'
import { call, card, create, dragged, drawn, idOf, line, lineOf, middleOf, name, nodes, openBuilder, saved, stamp, step, waiting } from './journeyTools'

test('test_pointer__dropped_on_a_line_pulled_moved_and_boxed__each_act_taken_back', async ({ signedIn: page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openBuilder(page, await create(page, 'By pointer', waiting()), 5)
  const pane = page.locator('.vue-flow__pane')
  const corner = await pane.boundingBox()
  if (!corner) throw new Error('no canvas')

  // From the palette onto a line: the step stands between the two, and what was below makes room.
  const between = await middleOf(lineOf(page, 'in-next-gift').locator('path').first())
  await page.getByRole('navigation', { name: 'Steps to add' }).getByRole('button', { name: /^Condition/ }).dragTo(pane, { targetPosition: { x: between.x - corner.x, y: between.y - corner.y + 14 }, force: true })
  await expect(nodes(page)).toHaveCount(6)
  await expect(name(page)).toHaveValue('Condition')
  await expect(lineOf(page, 'in-next-n6')).toHaveCount(1)
  await expect(lineOf(page, 'n6-yes-gift')).toHaveCount(1)
  await expect(lineOf(page, 'in-next-gift')).toHaveCount(0)
  // It says what it lacks on the card and in the list, and the list leads to it.
  await expect(nodes(page).filter({ has: card(page, 'n6') })).toContainText(/2 problems|3 problems/)
  await page.keyboard.press('Control+z')
  await expect(nodes(page)).toHaveCount(5)

  // A line pulled from a way out to a card, and one let go over nothing, which asks for the step.
  await card(page, 'gift').click()
  const handle = (branch: string) => page.locator(`.vue-flow__handle[data-nodeid="gift"][data-handleid="${branch}"]`)
  await dragged(page, await middleOf(handle('failure')), await middleOf(page.locator('.vue-flow__handle[data-nodeid="lost"][data-handleid="in"]')))
  await expect(lineOf(page, 'gift-failure-lost')).toHaveCount(1)
  const gift = await middleOf(card(page, 'gift'))
  await dragged(page, await middleOf(handle('skip')), { x: gift.x + 260, y: gift.y + 40 })
  await page.getByPlaceholder('Find a step').fill('End')
  await page.getByRole('option', { name: /^End/ }).click()
  await expect(nodes(page)).toHaveCount(6)
  await expect(lineOf(page, 'gift-skip-n6')).toHaveCount(1)

  // A card moved by hand keeps its lines; a box around two chooses both.
  const lost = await middleOf(card(page, 'lost'))
  await dragged(page, lost, { x: lost.x + 80, y: lost.y + 40 })
  const kept = await page.locator('.vue-flow__node[data-id="kept"]').boundingBox()
  const moved = await page.locator('.vue-flow__node[data-id="lost"]').boundingBox()
  if (!kept || !moved) throw new Error('not drawn')
  await page.keyboard.down('Shift')
  await dragged(page, { x: kept.x - 14, y: kept.y - 12 }, { x: moved.x + moved.width + 12, y: moved.y + moved.height + 10 })
  await page.keyboard.up('Shift')
  await expect(page.getByText('2 steps chosen')).toBeVisible()
  await page.keyboard.press('Control+x')
  await expect(nodes(page)).toHaveCount(4)
  await page.keyboard.press('Control+v')
  await expect(nodes(page)).toHaveCount(6)

  // Seven acts so far, one taken back already; six lead to the beginning, and every one of them forward again.
  for (let act = 0; act < 5; act += 1) await page.keyboard.press('Control+z')
  await expect(nodes(page)).toHaveCount(5)
  await expect(page.getByRole('button', { name: 'Undo' }).first()).toBeDisabled()
  await saved(page)
  expect(await drawn(page)).toMatchObject({ nodes: waiting().nodes, edges: waiting().edges })
  for (let act = 0; act < 5; act += 1) await page.keyboard.press('Control+Shift+z')
  await expect(nodes(page)).toHaveCount(6)
  await saved(page)
  const after = await drawn(page)
  expect(after.edges.map((edge) => edge.branch).sort()).toEqual(['failure', 'next', 'skip', 'success'].filter((branch) => after.edges.some((edge) => edge.branch === branch)))
})

test('test_view__keys_space_map_and_tidying__only_tidying_changes_the_draft', async ({ signedIn: page }) => {
  const heaped = waiting()
  heaped.nodes = heaped.nodes.map((node, place) => ({ ...node, position: { x: place * 20, y: place * 20 } }))
  await openBuilder(page, await create(page, 'In a heap', heaped), 5)
  const seen = async (): Promise<{ x: number; y: number; zoom: number }> => page.locator('.vue-flow__transformationpane').evaluate((pane) => {
    const matrix = new DOMMatrixReadOnly(getComputedStyle(pane).transform)
    return { x: matrix.e, y: matrix.f, zoom: matrix.a }
  })
  // Tidied by keys, no two cards lie over each other; one Ctrl+Z brings the heap back, the button tidies again.
  const overlapping = async (): Promise<number> => nodes(page).evaluateAll((cards) => {
    const boxes = cards.map((one) => one.getBoundingClientRect())
    return boxes.filter((one, place) => boxes.some((other, at) => at > place && one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)).length
  })
  expect(await overlapping()).toBeGreaterThan(0)
  await page.keyboard.press('Shift+Alt+T')
  await expect.poll(overlapping).toBe(0)
  await page.keyboard.press('Control+z')
  await expect.poll(overlapping).toBeGreaterThan(0)
  await page.getByRole('button', { name: 'Tidy up' }).click()
  await expect.poll(overlapping).toBe(0)
  await saved(page)
  const tidy = await drawn(page)

  const begun = await seen()
  await page.keyboard.press('0')
  await expect.poll(async () => (await seen()).zoom).toBeCloseTo(1, 2)
  await page.keyboard.press('+')
  await expect.poll(async () => (await seen()).zoom).toBeGreaterThan(1.1)
  await page.keyboard.press('-')
  await page.keyboard.press('-')
  await expect.poll(async () => (await seen()).zoom).toBeLessThan(0.95)
  await page.keyboard.press('1')
  await expect.poll(async () => nodes(page).evaluateAll((cards) => {
    const canvas = document.querySelector('.vue-flow')?.getBoundingClientRect()
    return canvas !== undefined && cards.every((one) => { const box = one.getBoundingClientRect(); return box.top >= canvas.top && box.bottom <= canvas.bottom && box.left >= canvas.left && box.right <= canvas.right })
  })).toBe(true)
  expect(begun.zoom).toBeGreaterThan(0)

  // With Space held a drag moves the view, also one that begins on a card.
  const before = await seen()
  const at = await middleOf(card(page, 'gift'))
  await page.locator('.vue-flow__pane').click({ position: { x: 8, y: 8 } })
  await page.keyboard.down('Space')
  await dragged(page, at, { x: at.x + 60, y: at.y - 40 })
  await page.keyboard.up('Space')
  const panned = await seen()
  expect([Math.round(panned.x - before.x), Math.round(panned.y - before.y)]).toEqual([60, -40])

  // The map leads to where it is pressed: its upper left corner shows what lies there.
  const map = page.getByRole('img', { name: 'Map' })
  if (!(await map.isVisible())) await page.getByRole('button', { name: 'Map', exact: true }).click()
  const box = await map.boundingBox()
  if (!box) throw new Error('no map')
  await page.mouse.click(box.x + 8, box.y + 8)
  const led = await seen()
  expect(led.x).toBeGreaterThan(panned.x)
  await dragged(page, { x: box.x + 8, y: box.y + 8 }, { x: box.x + box.width - 8, y: box.y + box.height - 8 })
  expect((await seen()).x).toBeLessThan(led.x)
  await expectAccessible(page)
  expect((await drawn(page)).nodes).toEqual(tidy.nodes)
})

test('test_saving__the_server_away__said_so_kept_here_and_nothing_lost', async ({ signedIn: page }) => {
  const id = await create(page, 'Away', waiting())
  await openBuilder(page, id, 5)
  await page.route('**/draft/', (route) => route.abort())
  await card(page, 'kept').click()
  await name(page).fill('Stayed')
  await expect(page.getByText('Unsaved')).toBeVisible()
  await expect(page.getByText('The draft is not saved')).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: 'Not saved' }).first()).toBeVisible()
  await expectAccessible(page)
  // Leaving asks, because it could not be saved on the way out.
  await page.getByRole('link', { name: 'Segments' }).first().click()
  const asked = page.getByRole('dialog', { name: 'Leave without saving?' })
  await asked.getByRole('button', { name: 'Stay' }).click()
  await expect(name(page)).toHaveValue('Stayed')
  // As after a crash: the browser has what the server never got.
  page.on('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await expect(page.getByText(/that were not saved/)).toBeVisible()
  await expect(nodes(page).filter({ hasText: 'Stayed' })).toHaveCount(0)
  await page.unroute('**/draft/')
  await page.getByRole('button', { name: 'Bring them back' }).click()
  await expect(nodes(page).filter({ hasText: 'Stayed' })).toHaveCount(1)
  await saved(page)
  // With the server there, going away saves without asking.
  await card(page, 'lost').click()
  await name(page).fill('Gone')
  await page.getByRole('link', { name: 'Segments' }).first().click()
  await expect(page).toHaveURL(/\/segments/)
  expect((await drawn(page, id)).nodes.map((node) => node.name)).toEqual(['Called', 'Gift', 'A purchase', 'Stayed', 'Gone'])
})

test('test_two_browsers__somebody_else_saved_first__theirs_taken_whole', async ({ signedIn: page, browser }) => {
  const id = await create(page, 'Two browsers', waiting())
  await openBuilder(page, id, 5)
  const elsewhere = await browser.newContext({ baseURL: server.url })
  const other = await elsewhere.newPage()
  await signIn(other)
  await openBuilder(other, id, 5)
  await card(other, 'gift').click()
  await other.getByRole('spinbutton', { name: 'Points' }).fill('75')
  await other.keyboard.press('Control+s')
  await saved(other)
  await card(page, 'gift').click()
  // A number counts while it is still in its field, and is saved by itself.
  await page.getByRole('spinbutton', { name: 'Points' }).fill('60')
  const dialog = page.getByRole('dialog', { name: 'Someone else saved first' })
  await expect(dialog.getByText('both changed')).toBeVisible()
  // Closing decides nothing: publishing stays shut until one is chosen.
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Decide' }).click()
  await dialog.getByRole('button', { name: 'Take theirs' }).click()
  await card(page, 'gift').click()
  await expect(page.getByRole('spinbutton', { name: 'Points' })).toHaveValue('75')
  expect((await drawn(page)).nodes[1]?.config['points']).toBe(75)
  await elsewhere.close()
})

test('test_files__bad_ones__each_refused_in_words_and_the_draft_untouched', async ({ signedIn: page }, info) => {
  const file = info.outputPath('bad.json')
  const bring = async (text: string): Promise<void> => {
    writeFileSync(file, text)
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Import' }).click()])
    await chooser.setFiles(file)
  }
  await page.goto('/journeys')
  await bring('this is no JSON')
  await expect(page.getByText('This file holds no steps of a journey.').first()).toBeVisible()
  for (const text of ['{"format": "somebody.else/9", "graph": {}}', '{"format": "khaywe.journey/1", "name": "x", "description": "", "graph": {"nodes": [{"id": "a", "kind": "unheard_of"}], "edges": []}, "names": {}}', '[1, 2]']) {
    await bring(text)
    await expect(page.getByText('It could not be imported').first()).toBeVisible()
    await expect(page).toHaveURL(/\/journeys$/)
    await page.getByRole('button', { name: 'Close' }).first().click()
  }
  const id = await create(page, 'Untouched', { nodes: [step('s', 'start', 'Start', { trigger: { kind: 'api' } }, 0)], edges: [] })
  await openBuilder(page, id, 1)
  const more = async (text: string): Promise<void> => {
    writeFileSync(file, text)
    await page.getByRole('button', { name: 'More actions' }).click()
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('menuitem', { name: 'Import steps from a file' }).click()])
    await chooser.setFiles(file)
  }
  await more('[]')
  await expect(page.getByText('This file holds no steps of a journey.').first()).toBeVisible()
  await expect(nodes(page)).toHaveCount(1)
  // The steps of a good file come in as one act.
  await more(JSON.stringify(await call(page, 'GET', `journeys/${await create(page, 'Good file', waiting())}/export/`)))
  await expect(nodes(page)).toHaveCount(5)
  await page.keyboard.press('Control+z')
  await expect(nodes(page)).toHaveCount(1)
})

test('test_templates__each_drawn_anew__sound_and_only_names_are_left_to_choose', async ({ signedIn: page }) => {
  interface Template { code: string; title: string; graph: Parameters<typeof create>[2] }
  const found = await call<Template[] | { results: Template[] }>(page, 'GET', 'journeys/templates/')
  const templates = Array.isArray(found) ? found : found.results
  expect(templates.map((one) => one.code).sort()).toEqual(['abandoned_topup', 'birthday', 'tier_upgrade', 'welcome', 'win_back'])
  for (const template of templates) {
    const id = await create(page, template.title, template.graph)
    const { draft } = await call<{ draft: { problems: { code: string; severity: string }[] } }>(page, 'GET', `journeys/${id}/`)
    expect([template.code, [...new Set(draft.problems.filter((one) => one.severity === 'error').map((one) => one.code))]]).toEqual([template.code, template.graph.nodes[0]?.config['trigger'] && JSON.stringify(template.graph.nodes[0]).includes('segment_id') ? ['journeys.field_missing'] : []])
  }
})

test('test_beginner__welcome_from_nothing_to_live__told_what_to_do_at_each_step', async ({ signedIn: page }) => {
  await page.goto('/journeys')
  await page.getByRole('link', { name: 'Create journey' }).first().click()
  await page.getByRole('button', { name: /^Welcome/ }).click()
  await page.getByLabel('Name').fill(`Welcome ${stamp}`)
  await page.getByRole('button', { name: 'Create from template' }).click()
  await expect(page.getByRole('button', { name: '1 to fix' })).toBeVisible()
  // The one thing to fix leads to its step, where the field says what it lacks.
  await page.getByRole('button', { name: '1 to fix' }).click()
  await page.getByRole('button', { name: /Segment is missing/ }).click()
  await page.getByRole('button', { name: /^Segment/ }).click()
  await page.getByRole('option').first().click()
  await saved(page)
  await expect(page.getByRole('button', { name: /to fix$/ })).toHaveCount(0)
  await page.getByRole('button', { name: 'Test run' }).click()
  await page.getByRole('button', { name: 'Choose a customer' }).click()
  await page.getByRole('option').first().click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await expect(page.getByRole('region', { name: 'Way of the test' }).getByRole('button', { name: '1. New customers' })).toBeVisible()
  await page.getByRole('button', { name: 'Review & publish' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish version 1' }).click()
  await expect(page.getByText('Version 1 is live').first()).toBeVisible()
  const made = await call<{ status: string; live_version: number }>(page, 'GET', `journeys/${idOf(page)}/`)
  expect(made).toMatchObject({ status: 'ACTIVE', live_version: 1 })
})

test('test_revert__unpublished_changes__discarded_and_brought_back', async ({ signedIn: page }) => {
  const id = await create(page, 'Discarded', { nodes: [step('in', 'start', 'Called', { trigger: { kind: 'api' } }, 0), step('out', 'end', 'Out', { outcome: 'done' }, 160)], edges: [line('in', 'next', 'out')] })
  const { draft } = await call<{ draft: { revision: number; graph: { settings: object } } }>(page, 'GET', `journeys/${id}/`)
  const { revision } = await call<{ revision: number }>(page, 'PUT', `journeys/${id}/draft/`, { revision: draft.revision, graph: { ...draft.graph, settings: { ...draft.graph.settings, re_entry: 'never' } } })
  await call(page, 'POST', `journeys/${id}/publish/`, { revision, comment: '', plan: { policy: 'stay', node_map: {} }, dry_run: false })
  await page.goto(`/journeys/${id}/edit`)
  const menu = page.getByRole('button', { name: 'More actions' })
  await expect(card(page, 'out')).toBeVisible()
  // Nothing to discard yet.
  await menu.click()
  await expect(page.getByRole('menuitem', { name: 'Export as JSON' })).toBeVisible()
  await expect(page.getByRole('menuitem', { name: 'Discard unpublished changes' })).toHaveCount(0)
  await page.keyboard.press('Escape')

  await card(page, 'out').click()
  await name(page).fill('Elsewhere')
  await saved(page)
  await expect(page.getByText('Unpublished changes')).toBeVisible()
  await menu.click()
  await page.getByRole('menuitem', { name: 'Discard unpublished changes' }).click()
  await expect(page.getByText('The draft is what is live again').first()).toBeVisible()
  await expect(name(page)).toHaveValue('Out')
  await expect(page.getByText('Unpublished changes')).toHaveCount(0)
  expect((await drawn(page, id)).nodes.map((node) => node.name)).toEqual(['Called', 'Out'])
  await page.getByRole('button', { name: 'Undo' }).first().click()
  await expect(name(page)).toHaveValue('Elsewhere')
  await expect(page.getByText('Unpublished changes')).toBeVisible()
})

test('test_image_and_find__a_file_with_all_steps_and_the_way_to_one_by_its_name', async ({ signedIn: page }, info) => {
  await openBuilder(page, await create(page, 'As a picture', waiting()), 5)
  await page.getByRole('button', { name: 'More actions' }).click()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export as image' }).click()])
  expect(download.suggestedFilename()).toMatch(/^As-a-picture-.*\.svg$/)
  const file = info.outputPath('journey.svg')
  await download.saveAs(file)
  const text = readFileSync(file, 'utf8')
  for (const node of waiting().nodes) expect(text).toContain(`>${node.name}</text>`)
  // A step is gone to by its name.
  await page.locator('.vue-flow__pane').click({ position: { x: 8, y: 8 } })
  await page.keyboard.press('f')
  await page.getByPlaceholder('Name of a step').fill('purch')
  await expect(page.getByRole('option', { name: /^A purchase/ })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await expect(card(page, 'buy')).toBeFocused()
  await expect(name(page)).toHaveValue('A purchase')
})
