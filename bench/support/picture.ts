import { type EChartsOption, init } from 'echarts'

const WIDTH = 860
const HEIGHT = 460

export interface Axis {
  readonly name: string
  /** Default false. */
  readonly log?: boolean
}

export interface Picture {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
}

/** Curves over a numeric axis. */
export function lines(
  { title, x, y }: Picture,
  series: Readonly<Record<string, readonly (readonly [x: number, y: number])[]>>,
): string {
  return drawn({
    ...frame(title, Object.keys(series)),
    xAxis: axis(x),
    yAxis: axis(y),
    series: Object.entries(series).map(([name, data]) => ({
      name,
      type: 'line',
      data: data.map((point) => [...point]),
      symbolSize: 7,
    })),
  })
}

/** Bars in groups, each group a name on the x axis; one series for each contender. `null` leaves a bar out. */
export function bars(
  { title, x, y }: Picture,
  groups: readonly string[],
  series: Readonly<Record<string, readonly (number | null)[]>>,
): string {
  return drawn({
    ...frame(title, Object.keys(series)),
    xAxis: {
      type: 'category',
      name: x.name,
      nameLocation: 'middle',
      nameGap: 32,
      data: [...groups],
      axisLabel: { interval: 0 },
    },
    yAxis: { ...axis(y), ...(y.log && { min: powerBelow(Object.values(series).flat()) }) },
    series: Object.entries(series).map(([name, values]) => ({
      name,
      type: 'bar',
      data: [...values],
      label: {
        show: groups.length * Object.keys(series).length <= 24,
        position: 'top',
        fontSize: 10,
      },
    })),
  })
}

/** Bars stand on it: on a logarithmic axis they would hang from 1. */
function powerBelow(values: readonly (number | null)[]): number {
  const positive = values.filter((value) => value !== null && value > 0) as number[]
  return 10 ** Math.floor(Math.log10(Math.min(...positive)))
}

/** Room for the title, the legend below it, and the axes' names. */
function frame(title: string, names: readonly string[]): EChartsOption {
  return {
    backgroundColor: '#ffffff',
    animation: false,
    title: { text: title, left: 'center', top: 8, textStyle: { fontSize: 16 } },
    legend: { data: [...names], top: 36, itemGap: 18 },
    grid: { left: 80, right: 40, top: 100, bottom: 60 },
  }
}

function axis({ name, log = false }: Axis) {
  return {
    type: log ? ('log' as const) : ('value' as const),
    name,
    nameLocation: 'middle' as const,
    nameGap: 48,
  }
}

function drawn(option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}
