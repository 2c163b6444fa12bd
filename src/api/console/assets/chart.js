// Draws a chart from a table that stands in the page. The table says all that the chart does.

import uPlot from "./uplot.js";

const DAY = 86400;
const HEIGHT = 240;

/** Series have one of six colours, of the style sheet, and one of six dashes: nobody needs colours to tell them apart. */
const COLOURS = 6;
const DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 5], [1, 4]];

function property(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The days from first to last, and the counts of each column of the table. */
function read(place) {
  const table = document.getElementById(place.dataset.table);
  const [first, last] = [Number(place.dataset.first), Number(place.dataset.last)];
  const days = Array.from({ length: last - first + 1 }, (_, at) => (first + at) * DAY);
  const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
  const counts = names.map(() => days.map(() => 0));
  for (const row of table.tBodies[0].rows) {
    const at = Number(row.dataset.day) - first;
    [...row.cells].slice(1).forEach((cell, series) => { counts[series][at] = Number(cell.dataset.count); });
  }
  return { days, names, counts };
}

function draw(place) {
  const { days, names, counts } = read(place);
  const axis = { stroke: property("--quiet"), grid: { stroke: property("--line"), width: 1 }, ticks: { stroke: property("--line"), width: 1 } };
  const series = names.map((label, at) => ({
    label,
    stroke: property(`--series-${(at % COLOURS) + 1}`),
    dash: DASHES[(at + Math.floor(at / COLOURS)) % DASHES.length],
    width: 2,
    points: { show: true, size: 6, filter: (chart, which) => chart.data[which].flatMap((count, at) => (count > 0 ? [at] : [])) },
  }));
  const options = {
    width: Math.max(place.clientWidth, 200),
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { y: { range: (_, _low, high) => [0, Math.max(1, high * 1.1)] } },
    series: [{ label: "Day", value: "{YYYY}-{MM}-{DD}" }, ...series],
    axes: [{ ...axis, values: (_, days) => days.map((day) => new Date(day * 1000).toISOString().slice(5, 10)) }, { ...axis, size: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 1000000] }],
  };
  place.replaceChildren();
  return new uPlot(options, [days, ...counts], place);
}

/** Draws every chart of the page, and again where its width or the colours change. */
export function drawCharts() {
  for (const place of document.querySelectorAll("[data-chart]")) {
    let chart = draw(place);
    chart.root.setAttribute("aria-hidden", "true");
    const again = () => {
      chart.destroy();
      chart = draw(place);
      chart.root.setAttribute("aria-hidden", "true");
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    let width = place.clientWidth;
    new ResizeObserver(() => {
      if (place.clientWidth !== width) {
        width = place.clientWidth;
        chart.setSize({ width: Math.max(width, 200), height: HEIGHT });
      }
    }).observe(place);
  }
}
