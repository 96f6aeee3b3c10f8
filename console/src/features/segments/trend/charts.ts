/** Labels and drawings of a segment's history; pure. */
import type { EChartsCoreOption } from 'echarts/core'
import type { Say } from '@/shared/charts/options'

const GREEN = '#10b981'
const RED = '#f43f5e'

/** Days when the moments lie on several, times when they share one. */
export function momentLabels(moments: readonly string[], tag: string): string[] {
  const isSeveralDays = new Set(moments.map((moment) => moment.slice(0, 10))).size > 1
  const short = new Intl.DateTimeFormat(tag, isSeveralDays ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return moments.map((moment) => short.format(new Date(moment)))
}

interface Line { name: string; values: number[] }

/** What came stands above the line, what went below it. */
export function changeChart(labels: string[], lines: { added: Line; removed: Line }, say: Say): EChartsCoreOption {
  const told = (value: unknown): string => (typeof value === 'number' ? say(Math.abs(value)) : '')
  const bar = (line: Line, color: string, sign: 1 | -1) => ({ type: 'bar', stack: 'change', name: line.name, data: line.values.map((value) => value * sign), barMaxWidth: 28, itemStyle: { color, borderRadius: sign > 0 ? [4, 4, 0, 0] : [0, 0, 4, 4] } })
  return {
    grid: { top: 36, right: 14, bottom: 4, left: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    legend: { top: 0, right: 0, data: [lines.added.name, lines.removed.name] },
    tooltip: { trigger: 'axis', axisPointer: { type: 'none' }, valueFormatter: told },
    xAxis: { type: 'category', data: labels, splitLine: { show: false } },
    yAxis: { type: 'value', splitNumber: 3, minInterval: 1, axisLabel: { formatter: told } },
    series: [bar(lines.added, GREEN, 1), bar(lines.removed, RED, -1)],
  }
}
