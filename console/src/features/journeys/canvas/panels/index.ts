/** The panel of each kind of step. */
import type { Component } from 'vue'
import type { NodeKind } from '../graph'
import ActionPanel from './ActionPanel.vue'
import ConditionPanel from './ConditionPanel.vue'
import EndPanel from './EndPanel.vue'
import SplitPanel from './SplitPanel.vue'
import StartPanel from './StartPanel.vue'
import WaitPanel from './WaitPanel.vue'

export const PANELS: Record<NodeKind, Component> = { start: StartPanel, action: ActionPanel, condition: ConditionPanel, wait: WaitPanel, split: SplitPanel, end: EndPanel }
