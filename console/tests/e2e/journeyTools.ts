/** What the stories of journeys share: drawing one over the same routes as the console, and finding things on the canvas. */
import { expect, type Locator, type Page } from '@playwright/test'

export interface Node { id: string; kind: string; name: string; config: Record<string, unknown>; position: { x: number; y: number } }
export interface Edge { id: string; source: string; target: string; branch: string }
export interface Drawn { nodes: Node[]; edges: Edge[]; settings?: Record<string, unknown> }
export interface Point { x: number; y: number }

export const stamp = Date.now()
export const nodes = (page: Page): Locator => page.locator('.vue-flow__node')
export const card = (page: Page, id: string): Locator => page.locator(`[data-step="${id}"]`)
export const lineOf = (page: Page, id: string): Locator => page.locator(`.vue-flow__edge[data-id="${id}"]`)
export const name = (page: Page): Locator => page.getByRole('textbox', { name: 'Name of the step' })
export const saved = (page: Page): Promise<void> => expect(page.getByRole('status').filter({ hasText: /Saved/ }).first()).toBeVisible()
export const idOf = (page: Page): string => /journeys\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? ''

/** The same routes that the console calls, with the session of the page. */
export async function call<T>(page: Page, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  return page.evaluate(async ([how, where, what, more]) => {
    const token = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
    const answer = await fetch(`/api/loyalty/v1/${where}`, { method: how, headers: { 'content-type': 'application/json', 'X-CSRFToken': token, ...more }, ...(what ? { body: JSON.stringify(what) } : {}) })
    const text = await answer.text()
    if (answer.status >= 400) throw new Error(`${how} ${where}: ${answer.status} ${text}`)
    return (text === '' ? null : JSON.parse(text)) as never
  }, [method, path, body, headers] as [string, string, unknown, Record<string, string>])
}
export async function create(page: Page, title: string, graph: Drawn): Promise<string> {
  const made = await call<{ id: string }>(page, 'POST', 'journeys/', { name: `${title} ${stamp}`, description: '', graph })
  return made.id
}
export async function openBuilder(page: Page, id: string, count: number): Promise<void> {
  await page.goto(`/journeys/${id}/edit`)
  await expect(nodes(page)).toHaveCount(count)
}
export const drawn = async (page: Page, id = idOf(page)): Promise<Drawn> => (await call<{ draft: { graph: Drawn } }>(page, 'GET', `journeys/${id}/`)).draft.graph
export const step = (id: string, kind: string, title: string, config: Record<string, unknown>, y: number, x = 0): Node => ({ id, kind, name: title, config, position: { x, y } })
export const line = (source: string, branch: string, target: string): Edge => ({ id: `${source}-${branch}-${target}`, source, branch, target })
/** Points, then a week's wait for a purchase, and an end for either outcome. */
export const waiting = (): Drawn => ({
  nodes: [
    step('in', 'start', 'Called', { trigger: { kind: 'api' } }, 0),
    step('gift', 'action', 'Gift', { action_type: 'award_points', points: 50 }, 160),
    step('buy', 'wait', 'A purchase', { mode: 'event', event_type: 'customer.purchase', timeout: { amount: 7, unit: 'days' } }, 320),
    step('kept', 'end', 'Kept', { outcome: 'kept' }, 480),
    step('lost', 'end', 'Lost', { outcome: 'lost' }, 480, 300),
  ],
  edges: [line('in', 'next', 'gift'), line('gift', 'success', 'buy'), line('buy', 'next', 'kept'), line('buy', 'timeout', 'lost')],
})

export async function middleOf(what: Locator): Promise<Point> {
  const box = await what.boundingBox()
  if (!box) throw new Error('not drawn')
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}
/** By the pointer, in a few moves as a hand does it. */
export async function dragged(page: Page, from: Point, to: Point): Promise<void> {
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 })
  await page.mouse.move(to.x, to.y, { steps: 4 })
  await page.mouse.up()
}
