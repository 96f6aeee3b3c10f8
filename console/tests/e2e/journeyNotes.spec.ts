/** Notes on the canvas: written, painted, pulled, moved and carried like steps, and never part of what people walk over. */
import { expect, expectAccessible, test } from './harness'
import { call, card, create, dragged, drawn, middleOf, nodes, openBuilder, saved, waiting } from './journeyTools'

interface Note { id: string; text: string; color: string; position: { x: number; y: number }; size: { width: number; height: number } }
const TEXT = 'Ask Ada before this is published'

test('test_notes__by_pointer_and_keys__kept_in_draft_version_and_export_and_never_wrong', async ({ signedIn: page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const id = await create(page, 'Noted', waiting())
  const notes = async (): Promise<Note[]> => ((await drawn(page, id)) as { notes?: Note[] }).notes ?? []
  await openBuilder(page, id, 5)
  await page.keyboard.press('s')
  await expect(card(page, 'note1')).toBeFocused()
  await page.getByRole('textbox', { name: 'Text' }).fill(TEXT)
  await page.getByRole('radio', { name: 'Pink' }).click()
  await expect(card(page, 'note1')).toContainText(TEXT)
  await saved(page)
  expect(await notes()).toMatchObject([{ text: TEXT, color: 'pink', size: { width: 240, height: 140 } }])
  await expectAccessible(page)

  // Pulled at its corner and moved by its middle, each one step of undo; by keys it moves too.
  const corner = await middleOf(page.locator('[data-note-corner]'))
  await dragged(page, corner, { x: corner.x + 60, y: corner.y + 40 })
  await saved(page)
  const [pulled] = await notes()
  expect(pulled?.size.width).toBeGreaterThan(240)
  expect(pulled?.size.height).toBeGreaterThan(140)
  const from = await middleOf(card(page, 'note1'))
  await dragged(page, from, { x: from.x + 80, y: from.y - 40 })
  await expect.poll(async () => (await notes())[0]?.position.x ?? 0).toBeGreaterThan(pulled?.position.x ?? 0)
  const [moved] = await notes()
  await page.keyboard.press('Alt+ArrowDown')
  await expect.poll(async () => (await notes())[0]?.position.y).toBe((moved?.position.y ?? 0) + 20)
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await expect.poll(notes).toEqual([pulled])

  // Copied with a step into another place of the journey, then both taken away at once and brought back.
  await card(page, 'note1').focus()
  await page.keyboard.press('Control+d')
  await expect(nodes(page)).toHaveCount(7)
  await page.keyboard.press('Delete')
  await expect(nodes(page)).toHaveCount(6)
  await page.keyboard.press('Control+a')
  await expect(page.getByText('5 steps chosen · 1 note chosen')).toBeVisible()
  await page.keyboard.press('Escape')

  // No step: nothing to fix, counted nowhere, and in the version and the export all the same.
  await saved(page)
  const journey = await call<{ draft: { revision: number; problems: { node_id: string | null }[]; graph: { nodes: unknown[]; settings: object; notes: Note[] } } }>(page, 'GET', `journeys/${id}/`)
  expect(journey.draft.problems.filter((one) => one.node_id === 'note1')).toEqual([])
  const { revision } = await call<{ revision: number }>(page, 'PUT', `journeys/${id}/draft/`, { revision: journey.draft.revision, graph: { ...journey.draft.graph, settings: { ...journey.draft.graph.settings, re_entry: 'after_exit' } } })
  await call(page, 'POST', `journeys/${id}/publish/`, { revision, comment: '', plan: { policy: 'stay', node_map: {} }, dry_run: false })
  const version = await call<{ graph: { notes: Note[]; nodes: unknown[] } }>(page, 'GET', `journeys/${id}/versions/1/`)
  expect([version.graph.notes.map((note) => note.text), version.graph.nodes.length]).toEqual([[TEXT], 5])
  const { graph } = await call<{ graph: { notes: Note[] } }>(page, 'GET', `journeys/${id}/export/`)
  expect(graph.notes.map((note) => note.text)).toEqual([TEXT])
  await page.goto(`/journeys/${id}`)
  await expect(page.getByText(TEXT)).toBeVisible()
})
