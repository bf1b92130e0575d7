"use strict";
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const KINDS = ["handled", "partial", "failed", "throttled"];
  const WORDS = { handled: "handled", partial: "some reported", failed: "failed", throttled: "throttled" };
  const LETTERS = { h: "handled", p: "partial", f: "failed", t: "throttled" };

  // --- small things

  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const whole = (number) => number.toLocaleString("en-US");
  const counted = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;
  const two = (number) => String(number).padStart(2, "0");
  const since = (microseconds) => {
    const seconds = microseconds / 1e6;
    if (seconds < 59.995) return `+${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
    const all = Math.round(seconds);
    const days = Math.floor(all / 86400);
    const clock = `${Math.floor((all % 86400) / 3600)}:${two(Math.floor((all % 3600) / 60))}:${two(all % 60)}`;
    return days ? `+${days}d ${clock}` : `+${clock}`;
  };
  const short = (shard) => shard.replace(/^shardId-0*(?=\d)/, "");
  const unpacked = (column) => {
    if (Array.isArray(column)) return column;
    const numbers = [];
    for (let i = 0; i < column.runs.length; i += 2)
      for (let n = 0; n < column.runs[i + 1]; n += 1) numbers.push(column.runs[i]);
    return numbers;
  };
  const row = (cells, kind) => {
    const line = make("tr");
    for (const cell of cells) line.append(make(kind || "td", String(cell)));
    return line;
  };
  const heading = (names) => {
    const head = make("thead");
    const line = row(names, "th");
    for (const cell of line.children) cell.scope = "col";
    head.append(line);
    return head;
  };

  const show = (data, suffix) => {
  const $ = (id) => document.getElementById(id + suffix);

  // --- what happened, in words

  $("title").textContent = data.head.name || data.head.handler;
  $("stream").textContent = `${data.head.stream}; ${data.head.origin}; virtual time starts at ${data.head.startsAt}`;
  for (const [name, count] of Object.entries(data.head.endings)) {
    if (!count && name !== "succeeded") continue;
    const pair = make("div");
    pair.append(make("dt", name), make("dd", whole(count)));
    $("endings").append(pair);
  }
  for (const sentence of data.head.summary) $("summary").append(make("li", sentence));
  $("command").textContent = data.head.command;
  $("mapping-origin").textContent = `From ${data.head.mappingOrigin}`;
  $("settings").append(heading(["Setting", "Value", "What it does here"]));
  const settings = make("tbody");
  for (const each of data.head.settings) settings.append(row(each));
  $("settings").append(settings);
  for (const [level, id, ...sentences] of data.head.findings) {
    $("findings-section").hidden = false;
    const item = make("li");
    item.append(make("strong", `${level} ${id}`), ` ${sentences.join(" ")}`);
    $("findings").append(item);
  }
  if (data.head.unsure.length) {
    $("unsure-section").hidden = false;
    $("unsure").textContent = `This run depended on: ${data.head.unsure.join(", ")}. docs/fidelity.md tells both readings of each.`;
  }

  // --- records and documents

  if (data.failed.length) {
    $("failed-section").hidden = false;
    $("failed").append(heading(["Shard", "Sequence number", "Partition key", "Arrived", "Calls", "Ended", "Payload", "Why"]));
    const body = make("tbody");
    for (const each of data.failed) {
      const line = row([short(each.shard), "", each.key, each.arrived, each.calls, each.ended, each.payload, each.why]);
      const life = make("button", each.number);
      life.type = "button";
      life.title = "What happened to it";
      life.addEventListener("click", () => showLife(each));
      line.children[1].append(life);
      for (const place of [0, 3, 4, 5]) line.children[place].className = "short";
      body.append(line);
    }
    $("failed").append(body);
  }
  if (data.documents.length) {
    $("documents-section").hidden = false;
    for (const each of data.documents) {
      const details = make("details");
      const parsed = JSON.parse(each.document);
      details.append(make("summary", `${each.at}  ${parsed.requestContext.condition}`));
      details.append(make("pre", JSON.stringify(parsed, null, 2).replace(/[^\x20-\x7e\n]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)));
      $("documents").append(details);
    }
  }
  const left = (kind, noun) => {
    if (data.leftOut[kind]) $(`${kind}-left`).textContent = `${counted(data.leftOut[kind], `more ${noun}`)}: kcli simulate --output ndjson lists all.`;
  };
  left("failed", "record");
  left("documents", "document");

  // --- the calls

  const calls = data.calls ? Object.fromEntries(Object.entries(data.calls).map(([name, column]) => [name, unpacked(column)])) : null;
  if (calls) for (let n = 1; n < calls.at.length; n += 1) calls.at[n] += calls.at[n - 1];
  const details = new Map(data.details.map((each) => [each.n, each]));
  const lanes = [];
  for (const place of data.order)
    for (let lane = 0; lane < data.lanes[place]; lane += 1) lanes.push({ shard: data.shards[place], place, lane });
  const firstLane = new Map();
  lanes.forEach((each, n) => { if (!each.lane) firstLane.set(each.place, n); });

  // --- the timeline

  const canvas = $("timeline");
  const LABEL = 110, ROW = 20, MARK = 14, AXIS = 22, AGE = 60, BOTTOM = 8;
  const marked = new Set(data.marks.map((each) => each[0]));
  const tops = [];
  let height = AXIS;
  lanes.forEach((each, n) => {
    tops.push(height);
    height += ROW;
    const isLast = n + 1 === lanes.length || lanes[n + 1].place !== each.place;
    if (isLast && marked.has(each.place)) { each.markTop = height; height += MARK; }
  });
  const ageTop = height + 6;
  height += AGE + 6;
  const waiting = unpacked(data.waiting), most = Math.max(0, ...waiting), waitingTop = height + 8;
  if (most) height += AGE + 8;
  height += BOTTOM;
  const length = Math.max(data.end, 1000), full = [0, Math.max(page.end || 0, length)];
  let [from, to] = full;
  let chosen = -1;

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const across = () => canvas.clientWidth - LABEL - 8;
  const x = (at) => LABEL + ((at - from) / (to - from)) * across();
  const clipped = (at) => Math.min(Math.max(x(at), LABEL), LABEL + across());

  const bar = (context, start, end, top, kind, attempt, isChosen) => {
    if (end < from || start > to) return;
    const begin = clipped(start), width = Math.max(clipped(end) - begin - 0.5, 1.5);
    context.fillStyle = style(kind);
    // a shape too, not the colour alone: what failed is as high as its row, what was handled is not
    const inset = kind === "handled" ? 5 : kind === "partial" ? 3 : 1;
    context.fillRect(begin, top + inset, width, ROW - 2 * inset - 1);
    if (attempt > 1 && kind !== "handled" && width > 9) {
      context.fillStyle = style("paper");
      context.fillText(String(attempt), begin + 2, top + ROW / 2 + 1);
    }
    if (isChosen) {
      context.strokeStyle = style("focus");
      context.lineWidth = 3;
      context.strokeRect(begin - 1, top, width + 2, ROW - 1);
    }
  };

  const ticks = () => {
    const steps = [1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 3e7, 6e7, 3e8, 6e8, 1.8e9, 3.6e9, 1.08e10, 2.16e10, 4.32e10, 8.64e10];
    const wanted = (to - from) / Math.max(across() / 110, 1);
    const step = steps.find((each) => each >= wanted) || Math.ceil(wanted / 8.64e10) * 8.64e10;
    const found = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
    return found;
  };

  const draw = () => {
    const scale = window.devicePixelRatio || 1, width = canvas.clientWidth;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = style("dim");
    context.strokeStyle = style("line");
    for (const at of ticks()) {
      context.beginPath();
      context.moveTo(x(at), AXIS);
      context.lineTo(x(at), height - BOTTOM);
      context.stroke();
      context.fillText(since(at), x(at) + 3, AXIS / 2);
    }
    lanes.forEach((each, n) => {
      if (each.lane) return;
      context.fillStyle = style("ink");
      context.fillText(`shard ${short(each.shard)}`, 6, tops[n] + ROW / 2, LABEL - 12);
    });
    if (calls) {
      for (let n = 0; n < calls.at.length; n += 1)
        bar(context, calls.at[n], calls.at[n] + calls.length[n], tops[firstLane.get(calls.shard[n]) + calls.lane[n]], KINDS[calls.outcome[n]], calls.attempt[n], n === chosen);
    } else drawCells(context);
    drawMarks(context);
    drawCurve(context, ageTop, "iterator age", data.ages, (age) => since(age * 1e6).slice(1));
    if (most) drawCurve(context, waitingTop, "records waiting", waiting, whole);
    $("range").textContent = `${since(from)} to ${since(to)}`;
  };

  const drawCells = (context) => {
    const width = length / data.cells.columns;
    lanes.forEach((each, n) => {
      const cells = (data.cells.lanes[each.shard] || [])[each.lane] || "";
      const tries = (data.cells.tries[each.shard] || [])[each.lane] || {};
      for (let column = 0; column < cells.length;) {
        const letter = cells[column];
        let end = column + 1;
        while (end < cells.length && cells[end] === letter && !tries[end] && !tries[column]) end += 1;
        if (letter !== ".") bar(context, column * width, end * width, tops[n], LETTERS[letter], tries[column] || 1, false);
        column = end;
      }
    });
  };

  const drawMarks = (context) => {
    const width = length / data.columns;
    context.font = "bold 12px system-ui, sans-serif";
    for (const [place, column, discarded, expired] of data.marks) {
      const lane = lanes.find((each) => each.place === place && each.markTop !== undefined);
      const at = (column + 0.5) * width;
      if (!lane || at < from || at > to) continue;
      context.fillStyle = style(discarded ? "failed" : "throttled");
      context.fillText(discarded ? "D" : "E", x(at) - 4, lane.markTop + MARK / 2);
    }
    context.font = "12px system-ui, sans-serif";
  };

  // a row of columns below the timeline, relative to the highest
  const drawCurve = (context, top, name, values, told) => {
    const highest = Math.max(0, ...values.map((value) => value || 0)), width = length / data.columns;
    context.fillStyle = style("ink");
    context.fillText(name, 6, top + AGE / 2 - 7, LABEL - 12);
    if (!highest) return;
    context.fillStyle = style("dim");
    context.fillText(`up to ${told(highest)}`, 6, top + AGE / 2 + 8, LABEL - 12);
    context.fillStyle = style("age");
    values.forEach((value, column) => {
      const start = column * width, end = start + width;
      if (!value || end < from || start > to) return;
      const high = (value / highest) * AGE;
      context.fillRect(Math.floor(clipped(start)), top + AGE - high, Math.max(Math.ceil(clipped(end)) - Math.floor(clipped(start)), 1), high);
    });
  };

  const legend = () => {
    const seen = new Set();
    if (calls) for (const outcome of calls.outcome) seen.add(KINDS[outcome]);
    else for (const shard of Object.values(data.cells.lanes)) for (const lane of shard) for (const letter of lane) if (letter !== ".") seen.add(LETTERS[letter]);
    for (const kind of KINDS) {
      if (!seen.has(kind)) continue;
      const item = make("span", undefined, "legend-item");
      item.append(make("span", undefined, `swatch ${kind}`), WORDS[kind]);
      $("legend").append(item, " ");
    }
    const rest = ["a number: which try of its batch"];
    if (data.marks.some((each) => each[2])) rest.push("D: given up");
    if (data.marks.some((each) => each[3])) rest.push("E: expired");
    $("legend").append(rest.join(" · "));
  };

  // --- moving about

  const showPart = (start, end) => {
    const span = Math.min(Math.max(end - start, 1000), full[1]);
    from = Math.min(Math.max(start, 0), full[1] - span);
    to = from + span;
    draw();
  };
  const zoom = (factor, around = (from + to) / 2) => showPart(around - (around - from) * factor, around + (to - around) * factor);
  const move = (share) => showPart(from + (to - from) * share, to + (to - from) * share);
  const timeAt = (offset) => from + ((offset - LABEL) / across()) * (to - from);

  const callAt = (offsetX, offsetY) => {
    if (!calls || offsetX < LABEL) return -1;
    const lane = tops.findIndex((top) => offsetY >= top && offsetY < top + ROW);
    if (lane < 0) return -1;
    const at = timeAt(offsetX), near = ((to - from) / across()) * 3;
    let best = -1, distance = near;
    for (let n = 0; n < calls.at.length; n += 1) {
      if (firstLane.get(calls.shard[n]) + calls.lane[n] !== lane) continue;
      const away = Math.max(calls.at[n] - at, at - calls.at[n] - calls.length[n], 0);
      if (away < distance || (away === 0 && best < 0)) { best = n; distance = away; }
      if (away === 0) break;
    }
    return best;
  };

  const inWords = (n) => {
    const kind = KINDS[calls.outcome[n]];
    return `Call ${n}, ${data.shards[calls.shard[n]]}, ${since(calls.at[n])}, ${(calls.length[n] / 1000).toFixed(1)} ms: ${counted(calls.size[n], "record")}, try ${calls.attempt[n]}, ${WORDS[kind]}`;
  };

  const choose = (n) => {
    chosen = n;
    const card = $("call");
    card.hidden = n < 0;
    card.replaceChildren();
    if (n >= 0) {
      card.append(make("p", inWords(n)));
      const more = details.get(n);
      if (more) {
        card.append(make("p", more.reason));
        if (more.error) card.append(make("p", more.error));
        if (more.reported) card.append(make("p", `Reported: ${more.reported.join(", ")}`));
        card.append(make("p", `Records: ${more.numbers.join(", ")}`, "small"), make("p", `Request id: ${more.id}`, "small"));
      } else card.append(make("p", "kcli simulate --output ndjson tells its records.", "small"));
    }
    draw();
  };

  const showLife = (record) => {
    const card = $("life");
    card.hidden = false;
    card.replaceChildren(make("p", `Record ${record.number}, arrived ${record.arrived}`));
    const steps = make("ol");
    for (const each of details.values()) {
      if (!each.numbers.includes(record.number) || each.shard !== record.shard) continue;
      const reported = (each.reported || []).includes(record.number) ? " (reported)" : "";
      steps.append(make("li", `call ${each.n}${calls ? `, ${since(calls.at[each.n])}, try ${calls.attempt[each.n]}` : ""}: ${each.reason}${reported}`));
    }
    card.append(steps.children.length ? steps : make("p", "kcli simulate --explain with its last digits tells its calls."), make("p", `It ended: ${record.ended}`));
    card.focus();
  };

  const nextFailed = () => {
    if (!calls) return;
    for (let step = 1; step <= calls.at.length; step += 1) {
      const n = (chosen + step + calls.at.length) % calls.at.length;
      if (!calls.outcome[n]) continue;
      if (calls.at[n] < from || calls.at[n] > to) showPart(calls.at[n] - (to - from) / 2, calls.at[n] + (to - from) / 2);
      choose(n);
      return;
    }
  };

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.offsetX, from, to, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) {
      const n = callAt(event.offsetX, event.offsetY);
      canvas.title = n < 0 ? "" : inWords(n);
      return;
    }
    const by = ((drag.x - event.offsetX) / across()) * (drag.to - drag.from);
    if (Math.abs(drag.x - event.offsetX) > 3) drag.moved = true;
    if (drag.moved) showPart(drag.from + by, drag.to + by);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) choose(callAt(event.offsetX, event.offsetY));
    drag = null;
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.offsetX));
  }, { passive: false });
  const KEYS = {
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => showPart(...full),
    ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), n: nextFailed, N: nextFailed,
  };
  canvas.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  $("in").addEventListener("click", () => zoom(0.5));
  $("out").addEventListener("click", () => zoom(2));
  $("whole").addEventListener("click", () => showPart(...full));
  $("next").addEventListener("click", nextFailed);
  $("next").disabled = !calls || !calls.outcome.some(Boolean);

  // --- all calls as a table, a page at a time

  const PAGE = 100;
  let portion = 0;
  const list = () => {
    const table = $("calls");
    table.replaceChildren(heading(["Call", "Time", "Shard", "Lane", "Try", "Records", "Took", "Outcome", "What followed"]));
    const body = make("tbody");
    const count = calls ? calls.at.length : 0, end = Math.min(count, (portion + 1) * PAGE);
    for (let n = portion * PAGE; n < end; n += 1)
      body.append(row([n, since(calls.at[n]), data.shards[calls.shard[n]], calls.lane[n] + 1, calls.attempt[n], calls.size[n], `${(calls.length[n] / 1000).toFixed(1)} ms`, WORDS[KINDS[calls.outcome[n]]], details.has(n) ? details.get(n).reason : ""]));
    table.append(body);
    $("page").textContent = calls ? `${whole(count ? portion * PAGE : 0)} to ${whole(Math.max(end - 1, 0))} of ${whole(count)}` : `${whole(data.count)} calls are too many for a page: kcli simulate --output ndjson lists them.`;
    $("earlier").disabled = portion === 0;
    $("later").disabled = end >= count;
  };
  $("earlier").addEventListener("click", () => { portion -= 1; list(); });
  $("later").addEventListener("click", () => { portion += 1; list(); });
  $("calls-details").addEventListener("toggle", () => { if ($("calls-details").open) list(); });

  canvas.setAttribute("aria-label", `Timeline of ${counted(data.count, "call")} on ${counted(data.shards.length, "shard")}. All calls stand in a table below.`);
  legend();
  draw();
  new ResizeObserver(draw).observe(canvas.parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", draw);
  };

  // --- one run, or several side by side

  const runs = page.runs || [page];
  const first = document.querySelector("#runs > article");
  const articles = runs.map((_, n) => (n ? first.cloneNode(true) : first));
  articles.forEach((article, n) => {
    if (!n) return;
    for (const name of ["id", "aria-labelledby", "aria-describedby"])
      for (const element of article.querySelectorAll(`[${name}]`)) element.setAttribute(name, `${element.getAttribute(name)}-${n + 1}`);
    first.parentElement.append(article);
  });
  if (page.comparison) {
    document.body.className = "comparison";
    const compared = make("section"), title = make("h1", page.comparison.title), scrolls = make("div", undefined, "wide");
    const table = make("table"), body = make("tbody");
    title.id = "compared-title";
    table.id = "comparison";
    for (const element of [compared, scrolls]) element.setAttribute("aria-labelledby", title.id);
    scrolls.setAttribute("role", "region");
    scrolls.tabIndex = 0;
    for (const cells of page.comparison.rows) {
      const line = row(cells);
      if (new Set(cells.slice(1)).size > 1) line.className = "differs";
      body.append(line);
    }
    table.append(heading(["", ...page.comparison.names]), body);
    scrolls.append(table);
    compared.append(title, scrolls);
    document.querySelector("main").prepend(compared);
  }
  runs.forEach((data, n) => {
    const suffix = n ? `-${n + 1}` : "";
    show(data, suffix);
    if (n) document.getElementById(`again${suffix}`).hidden = true; // it is the same command
  });
})();
