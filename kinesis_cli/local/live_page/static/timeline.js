// The timeline: a row for each lane of a shard, time from left to right. What stands in a column is
// what the server's picture says of it; nothing is computed here but where it is drawn.
import { make } from "./dom.js";
import { clock, counted, duration } from "./words.js";

export const KINDS = { h: "handled", p: "partial", f: "failed", t: "throttled", r: "running" };
export const WORDS = { handled: "handled", partial: "some reported", failed: "failed", throttled: "throttled", running: "running now" };
// how far from the edge of its row: what failed is as high as the row, what was handled is not
const INSETS = { handled: 6, partial: 3, failed: 1, throttled: 2, running: 8 };
const LETTERS = { partial: "p", failed: "f", throttled: "t" };
const LABEL = 150, NARROW_LABEL = 84, ROW = 20, MARK = 14, MARK_WIDTH = 11, AXIS = 22, CURVE = 46, BOTTOM = 8, RIGHT = 8;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400];

export class Timeline {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.legend = legend;
    this.picture = null;
    this.chosen = null;
    this.colours = {};
    this.told = "";
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.colours = {}; this.draw(); });
  }

  show(picture) {
    this.picture = picture;
    this.draw();
    this.#tell();
  }

  // the call that is framed, or null
  choose(call) {
    this.chosen = call;
    this.draw();
  }

  // which lane and moment a place on the canvas is; null: none
  at(offsetX, offsetY) {
    if (!this.picture || offsetX < this.label) return null;
    const lane = this.tops.findIndex((top) => offsetY >= top && offsetY < top + ROW);
    if (lane < 0) return null;
    const { start, end } = this.picture;
    return { lane: this.picture.lanes[lane], moment: start + ((offsetX - this.label) / this.across) * (end - start), near: ((end - start) / this.across) * 4 };
  }

  draw() {
    const { canvas, picture } = this;
    const width = canvas.clientWidth;
    if (!width) return;
    if (!picture) {
      canvas.height = 0;
      canvas.style.height = "0";
      return;
    }
    this.label = width < 560 ? NARROW_LABEL : LABEL;
    this.across = width - this.label - RIGHT;
    const height = this.#layOut();
    const scale = window.devicePixelRatio || 1;
    const wanted = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== wanted[0] || canvas.height !== wanted[1]) {
      canvas.style.height = `${height}px`;
      [canvas.width, canvas.height] = wanted;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    this.#axis(context, height);
    picture.lanes.forEach((lane, n) => this.#lane(context, lane, n));
    this.#marks(context);
    this.#curve(context, this.ageTop, "iterator age", picture.ages, duration);
  }

  #layOut() {
    const { picture } = this;
    const marked = new Set(picture.marks.map(([place]) => place));
    this.tops = [];
    this.markTops = new Map();
    let height = AXIS;
    picture.lanes.forEach((lane, n) => {
      this.tops.push(height);
      height += ROW;
      const next = picture.lanes[n + 1];
      if ((!next || next.place !== lane.place) && marked.has(lane.place)) {
        this.markTops.set(lane.place, height);
        height += MARK;
      }
    });
    this.ageTop = height + 6;
    return this.ageTop + CURVE + BOTTOM;
  }

  #x(column) {
    return this.label + (column / this.picture.columns) * this.across;
  }

  #xAt(moment) {
    const { start, end } = this.picture;
    return this.label + ((moment - start) / (end - start)) * this.across;
  }

  #colour(name) {
    return (this.colours[name] ??= getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }

  #axis(context, height) {
    const { start, end } = this.picture;
    const wanted = (end - start) / Math.max(this.across / 90, 1);
    const step = STEPS.find((each) => each >= wanted) || Math.ceil(wanted / 86400) * 86400;
    context.strokeStyle = this.#colour("line");
    context.fillStyle = this.#colour("dim");
    context.lineWidth = 1;
    for (let moment = Math.ceil(start / step) * step; moment <= end; moment += step) {
      const x = this.#xAt(moment);
      context.beginPath();
      context.moveTo(x, AXIS);
      context.lineTo(x, height - BOTTOM);
      context.stroke();
      const text = clock(moment).slice(0, 8);
      if (x + context.measureText(text).width + 3 < this.label + this.across) context.fillText(text, x + 3, AXIS / 2);
    }
  }

  #lane(context, lane, n) {
    const top = this.tops[n];
    if (lane.label) {
      context.fillStyle = this.#colour("ink");
      context.fillText(this.#fitting(context, lane.label), 6, top + ROW / 2);
    }
    const { cells, again } = lane;
    for (let column = 0; column < cells.length;) {
      const letter = cells[column];
      let end = column + 1;
      while (end < cells.length && cells[end] === letter && !again.has(end)) end += 1;
      if (KINDS[letter]) this.#bar(context, column, end, top, letter, again.get(column));
      column = end;
    }
    if (this.chosen && isIn(this.chosen, lane)) this.#ring(context, top);
  }

  // the end of a label that is too long: the shard stands there
  #fitting(context, label) {
    const room = this.label - 12;
    if (context.measureText(label).width <= room) return label;
    let kept = label.length - 1;
    while (kept > 1 && context.measureText(`…${label.slice(-kept)}`).width > room) kept -= 1;
    return `…${label.slice(-kept)}`;
  }

  #bar(context, column, end, top, letter, attempt) {
    const kind = KINDS[letter], x = this.#x(column), inset = INSETS[kind];
    const width = Math.max(this.#x(end) - x - 0.5, 1.5), high = ROW - 2 * inset - 1;
    context.fillStyle = this.#colour(kind === "running" ? "dim" : kind);
    if (kind === "throttled") { // two stripes
      context.fillRect(x, top + inset, width, 3);
      context.fillRect(x, top + inset + high - 3, width, 3);
    } else context.fillRect(x, top + inset, width, high);
    const text = kind === "failed" && attempt > 1 ? String(attempt) : LETTERS[kind];
    if (!text || width < 9) return;
    context.fillStyle = this.#colour(kind === "throttled" ? kind : "paper");
    context.fillText(text, x + 2, top + ROW / 2);
  }

  #ring(context, top) {
    const { at, duration_ms } = this.chosen, { end } = this.picture;
    const begin = Math.max(this.#xAt(at), this.label);
    const last = Math.min(Math.max(this.#xAt(Math.min(at + duration_ms / 1000, end)), begin + 3), this.label + this.across);
    if (last < begin) return;
    context.strokeStyle = this.#colour("focus");
    context.lineWidth = 3;
    context.strokeRect(begin - 1, top, last - begin + 2, ROW - 1);
  }

  #marks(context) {
    context.font = "bold 12px system-ui, sans-serif";
    const ends = new Map(); // where the last letter of a shard ends: one upon the other cannot be read
    const inOrder = [...this.picture.marks].sort((one, other) => one[1] - other[1]);
    for (const [place, column, letter] of inOrder) {
      const x = this.#x(column + 0.5) - 4;
      if (x < (ends.get(place) ?? -Infinity)) continue;
      context.fillStyle = this.#colour(letter === "D" ? "failed" : "throttled");
      context.fillText(letter, x, this.markTops.get(place) + MARK / 2);
      ends.set(place, x + MARK_WIDTH);
    }
    context.font = "12px system-ui, sans-serif";
  }

  // a row of columns relative to the highest
  #curve(context, top, name, values, told) {
    const highest = Math.max(0, ...values.map((value) => value || 0));
    context.fillStyle = this.#colour("ink");
    context.fillText(name, 6, top + CURVE / 2 - 7, this.label - 12);
    if (!highest) return;
    context.fillStyle = this.#colour("dim");
    context.fillText(`up to ${told(highest)}`, 6, top + CURVE / 2 + 8, this.label - 12);
    context.fillStyle = this.#colour("age");
    values.forEach((value, column) => {
      if (!(value > 0)) return;
      const high = Math.max((value / highest) * CURVE, 1), x = Math.floor(this.#x(column));
      context.fillRect(x, top + CURVE - high, Math.max(Math.ceil(this.#x(column + 1)) - x, 1), high);
    });
  }

  // the legend and the words for a screen reader, where they change
  #tell() {
    const { lanes, marks, more } = this.picture || { lanes: [], marks: [], more: 0 };
    const text = lanes.map((lane) => lane.cells).join("");
    const seen = Object.keys(KINDS).filter((letter) => text.includes(letter));
    const rest = lanes.length ? [] : ["No call in this time."];
    if (lanes.some((lane) => lane.again.size)) rest.push("a number: which try of its batch");
    if (marks.some((each) => each[2] === "D")) rest.push("D: given up");
    if (marks.some((each) => each[2] === "E")) rest.push("E: expired");
    if (more) rest.push(`${counted(more, "more shard")} not drawn`);
    const shards = new Set(lanes.map((lane) => lane.place)).size;
    const words = seen.map((letter) => WORDS[KINDS[letter]]).join(", ") || "no call";
    const label = `Timeline of ${counted(shards, "shard")}: ${words}. The last calls stand in a list below.`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    const told = `${seen.join("")} ${rest.join(" · ")}`;
    if (told === this.told) return;
    this.told = told;
    this.legend.replaceChildren();
    for (const letter of seen) {
      const item = make("span", undefined, "legend-item"), kind = KINDS[letter];
      item.append(make("span", undefined, `swatch ${kind}`), LETTERS[kind] ? `${letter}: ${WORDS[kind]}` : WORDS[kind]);
      this.legend.append(item, " ");
    }
    this.legend.append(rest.join(" · "));
  }
}

const isIn = (call, lane) =>
  call.stream === lane.stream && call.shard_id === lane.shard && call.function === lane.function && (typeof call.lane !== "number" || call.lane === lane.lane);
