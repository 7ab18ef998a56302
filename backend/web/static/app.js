// The only script of ours: draws charts from their tables, and copies what is asked to be copied.
"use strict";
(() => {
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
  const percent = new Intl.NumberFormat("en", { style: "percent" });
  const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [1, 3], [14, 4]];
  const POINTS = ["circle", "rect", "triangle", "rectRot", "cross", "star"];
  const drawn = new Map();

  // The darkest colours of segments need an edge on dark paper.
  const edge = () => (matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0);

  const number = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));

  function read(figure) {
    const heads = [...figure.querySelectorAll("thead th")].slice(1);
    const rows = [...figure.querySelectorAll("tbody tr")].map((row) => [...row.children]);
    const columns = heads.map((head, at) => ({
      name: head.textContent, role: head.dataset.role, colour: head.dataset.colour,
      values: rows.map((row) => number(row[at + 1])),
      written: rows.map((row) => row[at + 1].textContent),
    }));
    return { places: rows.map((row) => row[0].textContent), colours: rows.map((row) => row[0].dataset.colour), across: figure.querySelector("thead th").textContent, columns };
  }

  function datasets(kind, { columns, colours }) {
    let at = -1;
    return columns.map((one, index) => {
      const isBand = one.role === "low" || one.role === "high";
      if (!isBand) at += 1;
      const colour = one.colour || style(`--series-${(Math.max(at, 0) % 4) + 1}`);
      const shared = { label: one.name, data: one.values, written: one.written, borderColor: colour };
      if (isBand) {
        return { ...shared, pointRadius: 0, borderWidth: 0, fill: one.role === "high" && index > 0 ? "-1" : false, backgroundColor: `${colour}2e`, isBand };
      }
      if (kind !== "line") return { ...shared, backgroundColor: colours.map((own) => own || colour), borderColor: style("--edge"), borderWidth: edge(), maxBarThickness: 36, borderRadius: 3 };
      return { ...shared, backgroundColor: colour, borderWidth: 2.5, borderDash: DASHES[at % 6], pointStyle: POINTS[at % 6], pointRadius: one.values.length > 40 ? 0 : 3, tension: 0, spanGaps: true };
    });
  }

  // Each place has its dots in its own colour, seen through: where many are, it is darker.
  function scattered(figure, { places, colours, columns }) {
    const dots = figure.dataset.dots.split(";").map((dot) => dot.split(",").map(Number));
    return places.map((label, at) => ({
      label, data: dots.filter((dot) => dot[2] === at).map(([x, y]) => ({ x, y })), written: columns.map((one) => `${one.name} ${one.written[at]}`).join(", "),
      backgroundColor: `${colours[at]}99`, borderColor: edge() ? style("--edge") : colours[at], borderWidth: edge(), pointRadius: 3.5, pointStyle: POINTS[at % 3],
    }));
  }

  function options(figure, table) {
    const write = figure.dataset.unit === "share" ? (value) => percent.format(value) : (value) => compact.format(value);
    const isScatter = figure.dataset.chart === "scatter", isLying = figure.dataset.chart === "rows";
    const axis = { ticks: { color: style("--soft"), maxRotation: 0, autoSkipPadding: 16 }, border: { display: false }, grid: { color: style("--line") } };
    const label = (item) => `${item.dataset.label}: ${isScatter ? item.dataset.written : item.dataset.written[item.dataIndex]}`;
    // Of the lines that logarithms give, those at one, two and five are named.
    const round = (value) => (/^(0\.0*)?[125]0*$/.test(String(value)) ? write(value) : null);
    const scattering = (text) => ({ ...axis, type: "logarithmic", ticks: { ...axis.ticks, callback: round }, title: { display: true, text, color: style("--soft") } });
    const placed = { ...axis, grid: { display: false } };
    const valued = { ...axis, beginAtZero: figure.dataset.chart !== "line", ticks: { ...axis.ticks, callback: write, maxTicksLimit: 6 } };
    const shown = table.columns.filter((one) => one.role === "line").length;
    return {
      animation: false, responsive: true, maintainAspectRatio: false, indexAxis: isLying ? "y" : "x",
      interaction: isScatter ? {} : { mode: "index", axis: isLying ? "y" : "x", intersect: false },
      plugins: {
        legend: { display: isScatter || shown > 1, labels: { color: style("--ink"), usePointStyle: true, boxWidth: 8, boxHeight: 8, filter: (item, data) => !data.datasets[item.datasetIndex].isBand } },
        tooltip: { callbacks: { label } },
      },
      scales: isScatter ? { x: scattering(figure.dataset.across), y: scattering(figure.dataset.up) }
        : isLying ? { x: valued, y: { ...placed, ticks: { ...axis.ticks, autoSkip: false } } } : { x: placed, y: valued },
    };
  }

  function draw(figure) {
    if (typeof Chart === "undefined") return;
    drawn.get(figure)?.destroy();
    const table = read(figure), kind = figure.dataset.chart, box = figure.querySelector(".canvas");
    if (!drawn.has(figure)) figure.querySelector("details").open = false;
    box.hidden = false;
    // Each name has a line of its own, however many there are.
    if (kind === "rows") box.style.height = `${70 + 30 * table.places.length}px`;
    const data = { labels: table.places, datasets: kind === "scatter" ? scattered(figure, table) : datasets(kind, table) };
    Chart.defaults.font.family = style("font-family") || "system-ui, sans-serif";
    drawn.set(figure, new Chart(box.querySelector("canvas"), { type: kind === "rows" ? "bar" : kind, data, options: options(figure, table) }));
  }

  function drawAll(redraw) {
    for (const [figure, chart] of drawn) if (!figure.isConnected) { chart.destroy(); drawn.delete(figure); }
    for (const figure of document.querySelectorAll("figure[data-chart]")) if (redraw || !drawn.has(figure)) draw(figure);
  }

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    const told = button.querySelector("[role=status]") || button;
    told.textContent = button.dataset.copied;
  }

  drawAll(false);
  document.addEventListener("htmx:after:swap", () => drawAll(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
})();
