"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const whole = (number) => number.toLocaleString("en-US");
  const money = (cost) => (cost === null ? "–" : cost.toLocaleString("en-US", cost >= 0.995 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumSignificantDigits: 2 }));
  const seconds = (age) => `${age >= 99.5 ? whole(Math.round(age)) : age >= 9.95 ? age.toFixed(0) : age >= 0.0095 ? age.toFixed(2) : age.toPrecision(1)} s`;

  // the order of the cells in a row
  const points = data.points.map((row, place) => {
    const [settings, cost, requests, compute, calls, twice, givenUp, expired, age, iterator, block, keepsUp, stopped] = row;
    return { place, settings, cost, requests, compute, calls, twice, givenUp, expired, age, iterator, block, keepsUp, stopped };
  });
  const front = new Set(data.front);
  const kindOf = (point) => (point.place === data.recommended ? "recommended" : front.has(point.place) ? "front" : "other");
  const WORDS = { recommended: "recommended", front: "none is both cheaper and fresher", other: "another is cheaper and fresher" };
  // BatchSize may be broken before its second word
  const breakable = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, "\u200b");
  const inWords = (point) => data.names.map((name, n) => `${name} ${point.settings[n]}`).join(", ");

  $("title").textContent = `Sweep of ${data.names.map(breakable).join(", ")}`;
  $("source").textContent = `${whole(points.length)} points; ${data.handler}; ${data.source}`;
  $("sentence").textContent = data.sentence;
  $("basis").textContent = data.basis;
  $("command").textContent = data.command;
  for (const source of data.sources) $("sources").append(make("li", source));
  if (data.unsure.length) $("unsure").textContent = `Where AWS does not say, the runs depended on: ${data.unsure.join(", ")}. docs/fidelity.md tells both readings of each.`;

  // --- the plot

  const SVG = "http://www.w3.org/2000/svg";
  const plot = $("plot");
  const drawn = points.filter((point) => point.keepsUp !== false).sort((one, other) => one.cost - other.cost || one.age[1] - other.age[1]);
  const left = points.length - drawn.length;
  if (left) $("not-drawn").textContent = `Not drawn: ${whole(left)} point${left === 1 ? "" : "s"} that ${left === 1 ? "does" : "do"} not keep up with the recording.`;
  let chosen = -1;

  const draw = (name, attributes, parent = plot) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  };
  // from low to high; by its logarithm where the highest is many times the lowest
  const scaleOf = (values, from, to) => {
    const lowest = Math.min(...values), highest = Math.max(...values);
    const isLog = lowest > 0 && highest / lowest > 3;
    const f = isLog ? Math.log10 : (value) => value;
    const margin = (f(highest) - f(lowest)) * 0.06 || (isLog ? 0.1 : Math.abs(highest) * 0.06 || 1);
    const begin = isLog || lowest === 0 ? f(lowest) - (lowest === 0 ? 0 : margin) : Math.max(lowest - margin, 0), end = f(highest) + margin;
    const at = (value) => from + ((f(value) - begin) / (end - begin)) * (to - from);
    const ticks = [];
    if (isLog) {
      for (let power = Math.floor(begin); power <= end; power += 1)
        for (const digit of end - begin < 1.5 ? [1, 1.5, 2, 3, 5, 7] : [1, 2, 5]) {
          const value = digit * 10 ** power;
          if (f(value) >= begin && f(value) <= end) ticks.push(value);
        }
    } else {
      const wanted = (end - begin) / 5, power = 10 ** Math.floor(Math.log10(wanted));
      const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= wanted);
      for (let value = Math.ceil(begin / step) * step; value <= end; value += step) ticks.push(Number(value.toPrecision(12)));
    }
    return { at, ticks };
  };
  const shape = (kind, x, y) => {
    const star = () => Array.from({ length: 10 }, (_, n) => {
      const angle = (n * Math.PI) / 5 - Math.PI / 2, size = n % 2 ? 4.5 : 11;
      return `${(x + size * Math.cos(angle)).toFixed(2)},${(y + size * Math.sin(angle)).toFixed(2)}`;
    }).join(" ");
    if (kind === "recommended") return draw("polygon", { points: star() });
    return draw("circle", { cx: x, cy: y, r: kind === "front" ? 6 : 4 });
  };

  const redraw = () => {
    const width = Math.max(plot.clientWidth, 240), height = Math.min(Math.max(width * 0.5, 260), 460);
    plot.replaceChildren();
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    plot.style.height = `${height}px`;
    if (!drawn.length) return;
    const LEFT = 62, RIGHT = 16, TOP = 26, BOTTOM = 44;
    const x = scaleOf(drawn.map((point) => point.cost), LEFT, width - RIGHT);
    const y = scaleOf(drawn.map((point) => point.age[1]), height - BOTTOM, TOP);
    let lastLabel = -Infinity;
    for (const tick of x.ticks) {
      draw("line", { x1: x.at(tick), x2: x.at(tick), y1: TOP, y2: height - BOTTOM, class: "grid" });
      if (x.at(tick) - lastLabel < 56) continue;
      lastLabel = x.at(tick);
      draw("text", { x: x.at(tick), y: height - BOTTOM + 16, class: "axis", "text-anchor": "middle" }).textContent = whole(tick);
    }
    for (const tick of y.ticks) {
      draw("line", { x1: LEFT, x2: width - RIGHT, y1: y.at(tick), y2: y.at(tick), class: "grid" });
      draw("text", { x: LEFT - 6, y: y.at(tick) + 4, class: "axis", "text-anchor": "end" }).textContent = `${whole(tick)} s`;
    }
    draw("text", { x: width - RIGHT, y: height - 8, class: "axis name", "text-anchor": "end" }).textContent = `${data.currency} for ${data.costOf} →`;
    draw("text", { x: 6, y: 14, class: "axis name" }).textContent = "↑ age of 99 % of the records, at most";
    const line = drawn.filter((point) => front.has(point.place)).map((point) => `${x.at(point.cost)},${y.at(point.age[1])}`);
    if (line.length > 1) draw("polyline", { points: line.join(" "), class: "front-line" });
    const order = ["other", "front", "recommended"];
    for (const point of [...drawn].sort((one, other) => order.indexOf(kindOf(one)) - order.indexOf(kindOf(other)))) {
      const kind = kindOf(point), px = x.at(point.cost), py = y.at(point.age[1]);
      if (point.place === data.own) draw("rect", { x: px - 9, y: py - 9, width: 18, height: 18, transform: `rotate(45 ${px} ${py})`, class: "own" });
      const mark = shape(kind, px, py);
      mark.setAttribute("class", `mark ${kind}`);
      draw("title", {}, mark).textContent = `${inWords(point)}: ${money(point.cost)}, ${seconds(point.age[1])}`;
      mark.addEventListener("click", () => choose(drawn.indexOf(point)));
      if (drawn[chosen] === point) draw("circle", { cx: px, cy: py, r: 14, class: "chosen" });
    }
  };

  const card = (point) => {
    const facts = [
      `${data.currency} ${money(point.cost)} for ${data.costOf}${point.cost === null ? "" : `: requests ${money(point.requests)}, duration ${money(point.compute)}, the rest is the stream`}`,
      `${whole(point.calls)} calls; ${whole(point.twice)} records come twice, ${whole(point.givenUp)} are given up, ${whole(point.expired)} expire`,
      `age of the records: ${seconds(point.age[0])} in the middle, ${seconds(point.age[1])} for 99 %, ${seconds(point.age[2])} at most`,
      `iterator age: ${seconds(point.iterator[0])}, ${seconds(point.iterator[1])}, ${seconds(point.iterator[2])}`,
      point.block ? `longest block: ${seconds(point.block)}` : "nothing was blocked",
    ];
    const marks = [WORDS[kindOf(point)]];
    if (point.place === data.own) marks.unshift(data.whose);
    const list = make("ul");
    for (const fact of facts) list.append(make("li", fact));
    return [make("p", `${inWords(point)} (${marks.join("; ")})`), list];
  };
  const choose = (n) => {
    chosen = n;
    $("point").hidden = n < 0;
    if (n >= 0) $("point").replaceChildren(...card(drawn[n]));
    redraw();
  };
  const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
  plot.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || !drawn.length || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(chosen < 0 ? 0 : (chosen + KEYS[event.key] + drawn.length) % drawn.length);
  });

  const legend = (kind, words) => {
    const item = make("span", undefined, "legend-item");
    const sign = { recommended: "★", front: "●", other: "○", own: "◇" }[kind];
    item.append(make("span", sign, `sign ${kind}`), ` ${words}`);
    $("legend").append(item, " ");
  };
  const there = new Set(drawn.map(kindOf));
  for (const kind of Object.keys(WORDS)) if (there.has(kind)) legend(kind, WORDS[kind]);
  if (drawn.some((point) => point.place === data.own)) legend("own", data.whose);

  // --- all points as a table, a page at a time

  const PAGE = 100;
  let page = 0;
  const HEAD = ["", ...data.names.map(breakable), "Calls", "Come twice", "Given up", "Expired", "Age p50", "p99", "max", "Iterator age p50", "p99", "max", "Longest block", `Cost (${data.currency})`, "Keeps up"];
  const list = () => {
    const head = make("thead"), line = make("tr"), body = make("tbody");
    for (const name of HEAD) {
      const cell = make(name ? "th" : "td", name);
      if (name) cell.scope = "col";
      line.append(cell);
    }
    head.append(line);
    const end = Math.min(points.length, (page + 1) * PAGE);
    for (const point of points.slice(page * PAGE, end)) {
      const keeps = point.stopped ? "no, ended" : { true: "yes", false: "no" }[point.keepsUp] || "?";
      const kind = kindOf(point), sign = { recommended: "★", front: "●" }[kind] || "";
      const cells = [`${sign}${point.place === data.own ? "◇" : ""}`, ...point.settings.map(String), whole(point.calls), whole(point.twice), whole(point.givenUp), whole(point.expired), ...point.age.map(seconds), ...point.iterator.map(seconds), point.block ? seconds(point.block) : "none", money(point.cost), keeps];
      const row = make("tr", undefined, kind === "recommended" ? "best" : "");
      for (const text of cells) row.append(make("td", text));
      body.append(row);
    }
    $("points").replaceChildren(head, body);
    $("page").textContent = `${whole(page * PAGE + 1)} to ${whole(end)} of ${whole(points.length)}`;
    $("earlier").disabled = page === 0;
    $("later").disabled = end >= points.length;
  };
  $("earlier").addEventListener("click", () => { page -= 1; list(); });
  $("later").addEventListener("click", () => { page += 1; list(); });

  plot.setAttribute("aria-label", `Cost and age of ${whole(drawn.length)} points. ${data.sentence} All points stand in a table below.`);
  list();
  choose(drawn.findIndex((point) => point.place === data.recommended));
  new ResizeObserver(redraw).observe(plot.parentElement);
})();
