/** The three drawings the console uses, as functions from figures to options. */
import type { EChartsCoreOption } from 'echarts/core'

export interface LineSeries {
  name: string
  values: (number | null)[]
  color: string
}

export type Say = (value: number) => string

/** Filled lines over days or moments. */
export function areaChart(labels: string[], series: LineSeries[], say: Say, fromZero = true): EChartsCoreOption {
  const few = labels.length <= 2
  return {
    grid: { top: series.length > 1 ? 40 : 12, right: 14, bottom: 4, left: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    legend: series.length > 1 ? { top: 0, right: 0, data: series.map((line) => line.name) } : undefined,
    tooltip: { trigger: 'axis', valueFormatter: (value: unknown) => (typeof value === 'number' ? say(value) : '') },
    xAxis: { type: 'category', boundaryGap: few, data: labels, splitLine: { show: false } },
    yAxis: { type: 'value', scale: !fromZero, splitNumber: 4, minInterval: 1, axisLabel: { formatter: (value: number) => say(value) } },
    series: series.map((line) => ({
      type: 'line',
      name: line.name,
      data: line.values,
      smooth: 0.15,
      smoothMonotone: 'x',
      showSymbol: few,
      symbolSize: 7,
      lineStyle: { width: 2.25, color: line.color },
      itemStyle: { color: line.color },
      areaStyle: { color: { type: 'linear', x: 0, y: 0, x2: 0, y2: 1, colorStops: [{ offset: 0, color: `${line.color}40` }, { offset: 1, color: `${line.color}05` }] } },
    })),
  }
}

export interface Slice {
  name: string
  value: number
  color: string
}

export function ringChart(slices: Slice[], say: Say): EChartsCoreOption {
  return {
    tooltip: { trigger: 'item', valueFormatter: (value: unknown) => (typeof value === 'number' ? say(value) : '') },
    series: [
      {
        type: 'pie',
        radius: ['64%', '92%'],
        padAngle: 2,
        itemStyle: { borderRadius: 5 },
        label: { show: false },
        emphasis: { scaleSize: 4 },
        data: slices.map((slice) => ({ name: slice.name, value: slice.value, itemStyle: { color: slice.color } })),
      },
    ],
  }
}
