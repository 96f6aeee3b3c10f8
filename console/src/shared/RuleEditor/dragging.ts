/** The line that is being dragged; the browser drags one thing at a time, and a rule takes only lines of its own. */
import { shallowRef } from 'vue'
import type { Group, Path } from './tree'

export const dragged = shallowRef<{ root: Group; path: Path } | null>(null)
