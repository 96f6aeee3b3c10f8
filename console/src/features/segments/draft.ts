/** What of a segment is edited, as the page holds it. */
import type { Segment, SegmentDraft } from './segments.api'

export const emptyDraft = (): SegmentDraft => ({ name: '', description: '', kind: 'dynamic', rules: null, limit: null, schedule: null, is_event_driven: false, refreshes_on_features: false })

export const draftOf = (segment: Segment): SegmentDraft => ({
  name: segment.name,
  description: segment.description,
  kind: segment.kind,
  rules: segment.rules,
  limit: segment.limit ?? null,
  schedule: segment.schedule ?? null,
  is_event_driven: segment.is_event_driven ?? false,
  refreshes_on_features: segment.refreshes_on_features ?? false,
})
