import { describe, expect, it } from 'vitest'
import { agentWords } from './agent'

describe('agentWords', () => {
  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0', 'Edge · Windows', false],
    ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36', 'Chrome · Android', true],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Firefox · Linux', false],
    ['curl/8.5.0', 'curl', false],
    ['', '', false],
  ])('test_agent_words__%s__said_shortly', (agent, name, isPhone) => {
    expect(agentWords(agent)).toEqual({ name, isPhone })
  })
})
