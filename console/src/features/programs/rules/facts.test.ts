import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EARN_FACTS } from './facts'

/** Every `Field("name", FieldType.X` of the server's schemas, and the amounts that it lists by name. */
function fieldsOfTheServer(): Set<string> {
  const folder = '../loyalty/programs/policy'
  const sources = readdirSync(folder).filter((name) => name.endsWith('.py')).map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n')
  return new Set([...sources.matchAll(/"(\w+)"(?:, FieldType\.|: ")/g)].map((found) => found[1] ?? ''))
}

describe('facts of an earn rule', () => {
  it('test_facts__every_one_of_the_editor__is_known_to_the_server', () => {
    const known = fieldsOfTheServer()
    expect(EARN_FACTS.map(([name]) => name).filter((name) => !known.has(name))).toEqual([])
  })
})
