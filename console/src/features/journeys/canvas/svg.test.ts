import { describe, expect, it } from 'vitest'
import { CARD, emptySettings, type Graph, type JourneyNode } from './graph'
import { svgOf } from './svg'
import { placeOfWay } from './ways'

const node = (id: string, kind: JourneyNode['kind'], x: number, y: number, name = id): JourneyNode => ({ id, kind, name, config: {}, position: { x, y } })
const say = { title: 'Welcome & <more>', name: (one: JourneyNode) => one.name, summary: () => '', branch: (_one: JourneyNode, branch: string) => (branch === 'yes' ? 'Yes' : '') }
const graph: Graph = { nodes: [node('s', 'start', 0, 0), node('c', 'condition', 0, 160), node('e', 'end', -200, 320, 'A "very" long name that does not fit upon a card')], edges: [{ id: 's-c', source: 's', target: 'c', branch: 'next' }, { id: 'c-e', source: 'c', target: 'e', branch: 'yes' }, { id: 'c-s', source: 'c', target: 'gone', branch: 'no' }], settings: emptySettings() }

describe('a journey as an image', () => {
  it('is well-formed, says its title, and holds a card for each step and a line for each that leads somewhere', () => {
    const read = new DOMParser().parseFromString(svgOf(graph, say), 'image/svg+xml')
    expect(read.querySelector('parsererror')).toBeNull()
    expect(read.documentElement.getAttribute('aria-label')).toBe('Welcome & <more>')
    expect(read.querySelectorAll('g')).toHaveLength(3)
    expect(read.querySelectorAll('path[marker-end]')).toHaveLength(2)
    const texts = [...read.querySelectorAll('text')].map((one) => one.textContent)
    expect(texts).toContain('Yes')
    expect(texts.some((text) => text?.endsWith('…') && text.startsWith('A "very" long name'))).toBe(true)
  })

  it('holds all of it within its borders', () => {
    const [x = 0, y = 0, width = 0, height = 0] = /viewBox="([^"]+)"/.exec(svgOf(graph, say))?.[1]?.split(' ').map(Number) ?? []
    expect(x).toBeLessThan(-200)
    expect(y).toBeLessThan(0)
    expect(x + width).toBeGreaterThan(CARD.width)
    expect(y + height).toBeGreaterThan(320 + CARD.height)
  })

  it('is drawn of an empty journey too', () => {
    expect(new DOMParser().parseFromString(svgOf({ ...graph, nodes: [], edges: [] }, say), 'image/svg+xml').querySelector('parsererror')).toBeNull()
  })
})

describe('the places of ways out', () => {
  it('stay as they are whichever others show', () => {
    expect(placeOfWay('action', ['success'], 'success')).toBe(placeOfWay('action', ['success', 'failure'], 'success'))
    expect([placeOfWay('wait', ['next'], 'next'), placeOfWay('wait', ['next', 'timeout'], 'next'), placeOfWay('wait', ['next', 'timeout'], 'timeout')]).toEqual([0.5, 0.28, 0.72])
    expect(['a', 'b'].map((branch) => placeOfWay('split', ['a', 'b'], branch))).toEqual([0.25, 0.75])
  })

  it('holds its notes under the cards, their words broken to fit', () => {
    const note = { id: 'note1', text: 'Ask <Ada> about the offer before it is published\nand Bob', color: 'blue' as const, position: { x: 400, y: -200 }, size: { width: 160, height: 200 } }
    const read = new DOMParser().parseFromString(svgOf({ ...graph, notes: [note] }, say), 'image/svg+xml')
    expect(read.querySelector('parsererror')).toBeNull()
    const rows = [...read.querySelectorAll('tspan')].map((one) => one.textContent)
    expect(rows.join(' ')).toBe(note.text.replace('\n', ' '))
    expect(rows.length).toBeGreaterThan(3)
    const [left = 0, top = 0, wide = 0] = (read.documentElement.getAttribute('viewBox') ?? '').split(' ').map(Number)
    expect([left + wide, top]).toEqual([expect.any(Number), expect.any(Number)])
    expect(left + wide).toBeGreaterThan(560)
    expect(top).toBeLessThan(-200)
  })
})
