/** Upright bars, for figures that stand for a whole month or another closed span. */
import type { EChartsCoreOption } from 'echarts/core'
import type { Say } from './options'

export function barChart(labels: string[], name: string, values: number[], color: string, say: Say): EChartsCoreOption {
  return {
    grid: { top: 12, right: 14, bottom: 4, left: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: { trigger: 'axis', axisPointer: { type: 'none' }, valueFormatter: (value: unknown) => (typeof value === 'number' ? say(value) : '') },
    xAxis: { type: 'category', data: labels, splitLine: { show: false } },
    yAxis: { type: 'value', splitNumber: 4, minInterval: 1, axisLabel: { formatter: (value: number) => say(value) } },
    series: [{ type: 'bar', name, data: values, barMaxWidth: 56, itemStyle: { color, borderRadius: [6, 6, 0, 0] } }],
  }
}
