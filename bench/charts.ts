import * as echarts from 'echarts';
import { COMPARED_AT } from './budgets.ts';
import { FLOOR } from './contenders.ts';
import { LINES, ratioOf, rowsOf } from './manual.ts';
import type { Results } from './results.ts';

/** In the order of `LINES`; told apart by light and dark too. */
const COLORS = ['#8c959f', '#0969da', '#3d8bfd', '#1a7f37', '#9a6700', '#cf222e', '#8250df'];
const INK = '#1f2328';
const FAINT = '#59636e';
const GRID = '#d1d9e0';

/** Dark and light pages alike show it on white. */
const PAPER = {
  backgroundColor: '#ffffff',
  animation: false,
  textStyle: { fontFamily: 'system-ui, -apple-system, Helvetica, Arial, sans-serif' },
};

const titleOf = (text: string, subtext: string) => ({
  text,
  subtext,
  left: 16,
  top: 12,
  textStyle: { fontSize: 16, fontWeight: 600 as const, color: INK },
  subtextStyle: { fontSize: 13, color: FAINT },
});

function draw(width: number, height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ ...PAPER, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

const whole = (value: number): string => value.toLocaleString('en-US');

/**
 * How the check with nothing to do grows with the number of migrations.
 *
 * @param results what was measured
 */
export function growthChart({ warm, sizes }: Results): string {
  const axis = {
    type: 'log' as const,
    logBase: 10,
    nameLocation: 'middle' as const,
    nameTextStyle: { color: INK, fontSize: 13 },
    axisLabel: { color: FAINT, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: FAINT } },
    splitLine: { lineStyle: { color: GRID } },
  };
  return draw(840, 480, {
    title: titleOf(
      'A wake with nothing to do: what the check costs',
      'in one instance, times one bare SELECT of an indexed row; both axes logarithmic',
    ),
    grid: { left: 80, right: 210, top: 80, bottom: 56 },
    xAxis: {
      ...axis,
      name: 'migrations',
      nameGap: 32,
      min: Math.min(...sizes),
      max: Math.max(...sizes),
      axisLabel: { ...axis.axisLabel, customValues: sizes, formatter: whole },
      axisTick: { customValues: sizes },
      splitLine: { show: false },
    },
    yAxis: {
      ...axis,
      name: 'times a bare SELECT',
      nameGap: 46,
      axisLabel: { ...axis.axisLabel, formatter: (value: number) => `${whole(value)}×` },
    },
    series: LINES.map((line, i) => {
      const color = COLORS[i] as string;
      const isFloor = line.contenders.includes(FLOOR);
      return {
        type: 'line' as const,
        silent: true,
        name: line.title,
        data: sizes.map((size) => [size, ratioOf(warm, line, size) ?? null]),
        color,
        symbol: isFloor ? 'none' : 'circle',
        symbolSize: 7,
        lineStyle: { width: 2.5, type: isFloor ? ('dashed' as const) : ('solid' as const) },
        endLabel: { show: true, formatter: '{a}', color, fontSize: 13, distance: 8 },
        labelLayout: { moveOverlap: 'shiftY' as const },
        clip: false,
      };
    }),
  });
}

/**
 * Rows read on a wake with nothing to do.
 *
 * @param results what was measured
 */
export function rowsChart(results: Results): string {
  const bars = LINES.map((line, i) => ({
    name: line.title,
    value: rowsOf(results, line, COMPARED_AT),
    itemStyle: { color: COLORS[i] as string },
  })).reverse();
  return draw(840, 340, {
    title: titleOf(
      'A wake with nothing to do: rows read',
      `${COMPARED_AT} migrations; each row is billed, on each wake of each object`,
    ),
    grid: { left: 220, right: 72, top: 80, bottom: 56 },
    xAxis: {
      type: 'value',
      name: 'rows read',
      nameLocation: 'middle',
      nameGap: 32,
      nameTextStyle: { color: INK, fontSize: 13 },
      axisLabel: { color: FAINT, fontSize: 12 },
      splitLine: { lineStyle: { color: GRID } },
    },
    yAxis: {
      type: 'category',
      data: bars.map(({ name }) => name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: FAINT } },
      axisLabel: { color: INK, fontSize: 13 },
    },
    series: {
      type: 'bar',
      silent: true,
      data: bars,
      barWidth: '60%',
      barMinHeight: 2,
      label: {
        show: true,
        position: 'right',
        color: INK,
        fontSize: 13,
        formatter: ({ value }) => whole(value as number),
      },
    },
  });
}
