/** A journey of five hundred steps: as light under the hand as a small one, and whole though only what is in sight is drawn. */
import type { CDPSession, Page } from '@playwright/test'
import { expect, test } from './harness'
import { card, create, drawn, line, name, nodes, saved, step, type Drawn, type Point } from './journeyTools'

const MANY = 500
const FEW = 40
/** In the middle of the large one; no line leads there from the beginning. */
const FAR = 'n310'
/** What an act in the large journey may cost, as many times what it costs in the small one. */
const TIMES_MAX = 4
/** An act that takes less cannot be felt, and is too short to be compared: half a frame of sixty a second. */
const FLOOR_MS = 8

const inOrder = (figures: readonly number[], share: number): number => [...figures].sort((one, other) => one - other)[Math.min(figures.length - 1, Math.floor(share * figures.length))] ?? 0
const moves = (page: Page, from: Point, by: Point, count: number) => Array.from({ length: count }, (_none, place) => () => page.mouse.move(from.x + by.x * (place + 1), from.y + by.y * (place + 1)))

class Measured {
  readonly medians = new Map<string, number>()
  readonly told: string[] = []
  constructor(private readonly page: Page, private readonly session: CDPSession) {}

  /** Time of the processor, not of the clock: other work on the machine does not count. */
  private async busy(): Promise<number> {
    return ((await this.session.send('Performance.getMetrics')).metrics.find((one) => one.name === 'TaskDuration')?.value ?? 0) * 1_000
  }
  private async frame(): Promise<number> {
    await this.page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown))))
    return this.busy()
  }
  /** How long the main thread is busy with each act, up to the frame that shows it; what asking costs is taken off. */
  async act(what: string, acts: readonly (() => Promise<unknown>)[]): Promise<void> {
    const idle: number[] = []
    let last = await this.frame()
    for (let turn = 0; turn < 8; turn += 1) {
      const now = await this.frame()
      idle.push(now - last)
      last = now
    }
    const asking = inOrder(idle, 0.5)
    const spent: number[] = []
    for (const act of acts) {
      await act()
      const now = await this.frame()
      spent.push(Math.max(now - last - asking, 0))
      last = now
    }
    this.medians.set(what, inOrder(spent, 0.5))
    this.told.push(`${what} ${inOrder(spent, 0.5).toFixed(1)} ms (p95 ${inOrder(spent, 0.95).toFixed(1)}, ${spent.length})`)
  }
}

/** Every kind of act that goes over the canvas, in a journey that is opened for it. */
async function measured(page: Page, title: string, count: number): Promise<Measured> {
  const id = await create(page, title, large(count))
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const measure = new Measured(page, session)
  await page.goto(`/journeys/${id}/edit`)
  await expect(card(page, 'n1')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('button', { name: /to fix$|^Valid$|warning/ }).first()).toBeVisible()
  await page.getByRole('button', { name: 'Map', exact: true }).and(page.locator('[aria-pressed="true"]')).waitFor()

  await card(page, 'n2').focus()
  await expect(name(page)).toHaveValue('Step 2')
  const at = await card(page, 'n2').boundingBox()
  const grip = { x: (at?.x ?? 0) + 60, y: (at?.y ?? 0) + 20 }
  await page.mouse.move(grip.x, grip.y)
  await page.mouse.down()
  // Every move is a step of the grid, so that every one of them moves the card and its lines.
  await page.mouse.move(grip.x + 8, grip.y + 8)
  const away = { x: grip.x - 120, y: grip.y + 36 }
  await measure.act('drag', [...moves(page, grip, { x: -20, y: 6 }, 6), ...moves(page, away, { x: 20, y: -6 }, 6), ...moves(page, grip, { x: -20, y: 6 }, 6), ...moves(page, away, { x: 20, y: -6 }, 6)])
  await measure.act('let go', [() => page.mouse.up()])
  await measure.act('select', ['n1', 'n2', 'n1', 'n2', 'n1', 'n2'].map((one) => () => card(page, one).focus()))
  await name(page).press('End')
  await measure.act('letter', Array.from('abcdefghij', (letter) => () => page.keyboard.press(letter)))
  await expect(name(page)).toHaveValue('Step 2abcdefghij')
  await card(page, 'n2').focus()
  await measure.act('undo', [() => page.keyboard.press('Control+z')])
  await expect(name(page)).toHaveValue('Step 2')

  const pane = await page.locator('.vue-flow__pane').boundingBox()
  const middle = { x: (pane?.x ?? 0) + 272, y: (pane?.y ?? 0) + 360 }
  await page.mouse.move(middle.x, middle.y)
  await page.mouse.down({ button: 'middle' })
  await measure.act('pan', moves(page, middle, { x: -6, y: -3 }, 40))
  await page.mouse.up({ button: 'middle' })
  await page.keyboard.press('0')
  await measure.act('zoom', Array.from({ length: 10 }, (_none, notch) => () => page.mouse.wheel(0, notch % 2 === 0 ? 120 : -120)))
  // All of it in sight: coming there, and moving about.
  await measure.act('show all', [() => page.keyboard.press('1')])
  await page.mouse.move(middle.x, middle.y)
  await page.mouse.down({ button: 'middle' })
  await measure.act('pan of all', moves(page, middle, { x: -6, y: -3 }, 40))
  await page.mouse.up({ button: 'middle' })
  await measure.act('zoom of all', Array.from({ length: 10 }, (_none, notch) => () => page.mouse.wheel(0, notch % 2 === 0 ? 60 : -60)))
  return measure
}

test('test_large__five_hundred_steps__each_act_costs_about_what_it_does_with_forty', async ({ signedIn: page }, info) => {
  test.slow()
  const few = await measured(page, 'Small', FEW)
  const many = await measured(page, 'Large', MANY)
  const told = `forty steps, main thread: ${few.told.join(', ')}\nfive hundred steps, main thread: ${many.told.join(', ')}`
  info.annotations.push({ type: 'five hundred steps', description: told })
  console.log(told)
  for (const what of ['drag', 'pan', 'zoom', 'select', 'letter', 'show all', 'pan of all', 'zoom of all']) {
    expect(many.medians.get(what), `${what}\n${told}`).toBeLessThan(TIMES_MAX * Math.max(few.medians.get(what) ?? 0, FLOOR_MS))
  }
})

test('test_large__steps_out_of_sight__found_chosen_moved_and_taken_back_with_the_others', async ({ signedIn: page }) => {
  const id = await create(page, 'Out of sight', large(MANY))
  await page.goto(`/journeys/${id}/edit`)
  await expect(card(page, 'n1')).toBeVisible({ timeout: 60_000 })
  await expect(card(page, FAR)).toHaveCount(0)
  expect(await nodes(page).count()).toBeLessThan(MANY / 2)

  // Found by name, the view goes there, and the step is open beside the canvas.
  await page.keyboard.press('f')
  await page.getByPlaceholder('Name of a step').fill('Step 310')
  await page.getByRole('option', { name: /^Step 310/ }).click()
  await expect(card(page, FAR)).toBeFocused()
  await expect(name(page)).toHaveValue('Step 310')
  await expect(card(page, 'n1')).toHaveCount(0)

  // By keys along the lines.
  await page.keyboard.press('ArrowUp')
  await expect(name(page)).toHaveValue('Step 309')

  // All of them are chosen, those out of sight too; pulling one moves all, and that is one step of undo.
  await page.keyboard.press('Control+a')
  await expect(page.getByText(`${MANY} steps chosen`)).toBeVisible()
  await page.keyboard.press('Alt+ArrowRight')
  await saved(page)
  expect((await drawn(page, id)).nodes[0]?.position).toEqual({ x: 20, y: 0 })
  await card(page, FAR).focus()
  const at = await card(page, FAR).boundingBox()
  if (!at) throw new Error('not drawn')
  await page.keyboard.press('Control+a')
  await page.mouse.move(at.x + 60, at.y + 20)
  await page.mouse.down()
  await page.mouse.move(at.x + 40, at.y, { steps: 3 })
  await page.mouse.move(at.x - 40, at.y - 60, { steps: 5 })
  await page.mouse.up()
  await expect.poll(async () => (await drawn(page, id)).nodes[0]?.position.x, { timeout: 30_000 }).toBeLessThan(20)
  const moved = await drawn(page, id)
  const by = { x: (moved.nodes[0]?.position.x ?? 0) - 20, y: moved.nodes[0]?.position.y ?? 0 }
  const began = large(MANY)
  expect(moved.nodes.map((node, place) => [node.position.x - 20 - (began.nodes[place]?.position.x ?? 0), node.position.y - (began.nodes[place]?.position.y ?? 0)])).toEqual(moved.nodes.map(() => [by.x, by.y]))
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await expect(page.getByRole('button', { name: 'Undo' }).first()).toBeDisabled()
  await saved(page)
  expect((await drawn(page, id)).nodes.map((node) => node.position)).toEqual(began.nodes.map((node) => node.position))

  // A press on the empty canvas lets all of them go, and from far away the whole journey shows.
  await page.locator('.vue-flow__pane').click({ position: { x: 8, y: 8 } })
  await expect(page.getByText(`${MANY} steps chosen`)).toHaveCount(0)
  // So far away no word could be read: a sketch stands for the cards.
  await page.keyboard.press('1')
  const sketch = page.locator('.kh-sketch')
  await expect(sketch).toHaveAttribute('data-steps', String(MANY))
  await expect(nodes(page)).toHaveCount(0)
  // A step that is pointed at is drawn, and can be pulled as from nearby.
  const there = await page.locator('.vue-flow__transformationpane').evaluate((pane, at) => {
    const point = new DOMPoint(at.x, at.y).matrixTransform(new DOMMatrixReadOnly(getComputedStyle(pane).transform))
    const box = pane.closest('.vue-flow')?.getBoundingClientRect()
    return { x: point.x + (box?.x ?? 0), y: point.y + (box?.y ?? 0) }
  }, { x: (began.nodes[309]?.position.x ?? 0) + 120, y: (began.nodes[309]?.position.y ?? 0) + 30 })
  await page.mouse.move(there.x, there.y)
  await expect(card(page, FAR)).toHaveCount(1)
  await page.mouse.down()
  await page.mouse.move(there.x + 10, there.y + 10, { steps: 4 })
  await page.mouse.move(there.x + 30, there.y + 20, { steps: 4 })
  await page.mouse.up()
  await expect(name(page)).toHaveValue('Step 310')
  await saved(page)
  const pulled = (await drawn(page, id)).nodes.filter((node, place) => node.position.x !== began.nodes[place]?.position.x || node.position.y !== began.nodes[place]?.position.y)
  expect(pulled.map((node) => node.id)).toEqual([FAR])
  // A box chooses what it touches though none of it is drawn, and all of that is one step of undo.
  const pane = await page.locator('.vue-flow__pane').boundingBox()
  await page.keyboard.down('Shift')
  await page.mouse.move((pane?.x ?? 0) + 4, (pane?.y ?? 0) + 4)
  await page.mouse.down()
  await page.mouse.move((pane?.x ?? 0) + (pane?.width ?? 0) - 160, (pane?.y ?? 0) + (pane?.height ?? 0) - 4, { steps: 5 })
  await page.mouse.up()
  await page.keyboard.up('Shift')
  await expect(page.getByText(/^\d{3} steps chosen$/)).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('0')
  await expect(sketch).toHaveCount(0)
  await expect.poll(() => nodes(page).count()).toBeGreaterThan(0)
  expect(await nodes(page).count()).toBeLessThan(MANY / 2)
})

/** Rows of twenty, each step behind the one before. */
function large(count: number): Drawn {
  const kinds: Record<string, { branch: string; config: Record<string, unknown> }> = {
    action: { branch: 'success', config: { action_type: 'award_points', points: 10 } },
    wait: { branch: 'next', config: { mode: 'duration', amount: 1, unit: 'days' } },
    condition: { branch: 'yes', config: { rule: { '>': [{ var: 'churn_score' }, 0.5] }, unknown: 'no' } },
  }
  const kindOf = (number: number): string => (number === 1 ? 'start' : number === count ? 'end' : number % 7 === 0 ? 'condition' : number % 5 === 0 ? 'wait' : 'action')
  const ids = Array.from({ length: count }, (_none, place) => place + 1)
  return {
    nodes: ids.map((number) => step(`n${number}`, kindOf(number), `Step ${number}`, kinds[kindOf(number)]?.config ?? (number === 1 ? { trigger: { kind: 'api' } } : { outcome: 'done' }), Math.floor((number - 1) / 20) * 180, ((number - 1) % 20) * 280)),
    edges: ids.slice(1).flatMap((number) => [line(`n${number - 1}`, kinds[kindOf(number - 1)]?.branch ?? 'next', `n${number}`), ...(kindOf(number - 1) === 'condition' ? [line(`n${number - 1}`, 'no', `n${count}`)] : [])]),
  }
}
