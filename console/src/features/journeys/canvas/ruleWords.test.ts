import { describe, expect, it } from 'vitest'
import { ruleWords } from './ruleWords'

const LABELS = new Map([['churn_score', 'Churn probability']])

describe('ruleWords', () => {
  it('test_known_fields__by_their_labels__others_by_their_names', () => {
    expect(ruleWords({ and: [{ '>=': [{ var: 'churn_score' }, 0.8] }, { '==': [{ var: ['tier'] }, 'gold'] }] }, LABELS)).toBe('Churn probability ≥ 0.8 and tier = "gold"')
  })
})
