// Calls: the timeline, the one that is chosen in it, and the list of all with their logs.
import { ask, inWords } from "./connection.js";
import { $, Feed, button, make, write } from "./dom.js";
import { numbers } from "./life.js";
import { Timeline, WORDS } from "./timeline.js";
import { clock, counted, numberOf, shardOf, whole } from "./words.js";

const MAX_CALLS = 60; // in the list
const MAX_KEPT = 400; // that a click on the timeline may find
const MAX_NUMBERS = 100; // sequence numbers of a call
const KIND = { success: "handled", partial: "partial", failed: "failed", throttled: "throttled" };
const SIGNS = { handled: "✓", partial: "p", failed: "f", throttled: "t" };

export class Calls {
  constructor() {
    this.canvas = $("timeline");
    this.timeline = new Timeline(this.canvas, $("legend"));
    this.kept = new Map(); // by id, the oldest first
    this.feed = new Feed($("calls"), $("calls"), MAX_CALLS, (call) => call.id, item);
    this.said = new Feed($("said"), $("said"), MAX_CALLS, (each) => each.number, sentence);
    this.chosen = null;
    this.canvas.addEventListener("click", (event) => this.#choose(this.#callAt(event.offsetX, event.offsetY)));
    this.canvas.addEventListener("pointermove", (event) => this.#point(this.#callAt(event.offsetX, event.offsetY)));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    $("only-problems").addEventListener("change", () => { this.feed.clear(); this.#list(this.state); this.feed.show(); });
  }

  take(state, changed) {
    this.state = state;
    if (changed.has("calls")) {
      for (const call of [...state.calls.problems, ...state.calls.shown].reverse()) this.kept.set(call.id, call);
      for (const id of [...this.kept.keys()].slice(0, Math.max(this.kept.size - MAX_KEPT, 0))) this.kept.delete(id);
      this.#list(state);
    }
    if (changed.has("said")) this.said.add([...state.said].reverse());
  }

  show(state, changed) {
    if (changed.has("timeline")) this.timeline.show(state.timeline.start === null ? null : pictureOf(state.timeline));
    this.feed.show();
    this.said.show();
    if (!state.calls) return;
    const still = this.feed.isHeld && this.feed.waiting.length ? " The list stands still: something in it is open, or the pointer or the focus is there." : "";
    const running = state.running && state.running.length ? `, ${whole(state.running.length)} running now` : "";
    write($("calls-count"), `${counted(state.calls.total, "call")} since the server was started${running}.${still}`);
  }

  #list(state) {
    if (state.calls) this.feed.add($("only-problems").checked ? state.calls.problems : state.calls.shown);
  }

  #callAt(offsetX, offsetY) {
    const place = this.timeline.at(offsetX, offsetY);
    if (!place) return null;
    const { lane, moment, near } = place;
    let best = null, distance = near;
    for (const call of this.kept.values()) {
      if (call.stream !== lane.stream || call.shard_id !== lane.shard || call.function !== lane.function) continue;
      if (typeof call.lane === "number" && call.lane !== lane.lane) continue;
      const away = Math.max(call.at - moment, moment - call.at - call.duration_ms / 1000, 0);
      if (away < distance || (away === 0 && !best)) { best = call; distance = away; }
    }
    return best;
  }

  #point(call) {
    const title = call ? told(call) : "";
    if (this.canvas.title !== title) this.canvas.title = title;
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const calls = [...this.kept.values()].sort((one, other) => one.at - other.at);
    const place = calls.findIndex((call) => this.chosen && call.id === this.chosen.id);
    this.#choose(calls[place < 0 ? calls.length - 1 : Math.min(Math.max(place + step, 0), calls.length - 1)] || null);
  }

  #choose(call) {
    this.chosen = call;
    this.timeline.choose(call);
    const card = $("call");
    card.hidden = !call;
    if (!call) return;
    const more = button("Its log and its records", () => more.replaceWith(body(call)));
    card.replaceChildren(make("p", told(call)), make("p", call.reason), more);
  }
}

const told = (call) =>
  `${clock(call.at)} ${call.function}, ${call.stream}/${shardOf(call.shard_id)}, ${counted(call.records, "record")}, try ${call.attempt}, ${call.duration_ms.toFixed(1)} ms: ${WORDS[KIND[call.outcome]]}`;

// the long names short, as the terminal has them
const sentence = ({ at, sentence: text }) =>
  make("li", `${at === undefined ? "" : `${clock(at).slice(0, 8)} `}${text.replace(/shardId-(\d{12})/g, (id) => `shard ${shardOf(id)},`).replace(/\d{20,}/g, numberOf)}`);

// a call in the list: opened, it has its log
const item = (call) => {
  const details = make("details"), summary = make("summary"), outcome = outcomeOf(call);
  summary.append(
    make("span", clock(call.at)), outcome, make("span", call.function), make("span", `${call.stream}/${shardOf(call.shard_id)}`),
    make("span", counted(call.records, "record")), make("span", `try ${call.attempt}`), make("span", `${call.duration_ms.toFixed(1)} ms`),
  );
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(make("p", call.reason), body(call));
  });
  return details;
};

// by colour, shape and letter
export const outcomeOf = (call) => {
  const kind = KIND[call.outcome], outcome = make("span", undefined, `outcome ${kind}`), mark = make("span", SIGNS[kind], `mark ${kind}`);
  mark.setAttribute("aria-hidden", "true");
  outcome.append(mark, WORDS[kind]);
  return outcome;
};

// what the server keeps of a call: its error, its log, its records
export const body = (call, question = "call") => {
  const element = make("div");
  element.append(make("p", "Asking…", "small"));
  ask(`./${question}?id=${encodeURIComponent(call.id)}`).then(({ document: whole, ...problem }) => {
    element.replaceChildren(...(whole ? parts(whole) : [make("p", inWords(problem))]));
  });
  return element;
};

const parts = (call) => {
  const found = [make("p", `Request id ${call.request_id}`, "small")];
  if (call.error) found.push(make("p", call.error, "bad"));
  if (call.logs.length) {
    const log = make("pre", call.logs.join("\n") + (call.logs_cut ? "\n…" : ""));
    log.tabIndex = 0;
    found.push(log);
  } else found.push(make("p", call.logs_cut ? "Its log is not kept any more." : "It has logged nothing.", "small"));
  if (call.numbers && call.numbers.length) {
    const left = call.numbers.length - MAX_NUMBERS;
    found.push(make("p", `Records, each with its life${left > 0 ? `, the first ${MAX_NUMBERS}` : ""}:`, "small"));
    found.push(numbers(call, call.numbers.slice(0, MAX_NUMBERS), call.failed_numbers || []));
  }
  return found;
};

// the server's picture, a row for each lane, in the order of the shards
const pictureOf = (timeline) => {
  const shards = [...timeline.shards].sort((one, other) => compared(one, other));
  const functions = new Map(), streams = new Set(shards.map(({ stream }) => stream));
  for (const { stream, function: name } of shards) functions.set(stream, (functions.get(stream) || new Set()).add(name));
  const lanes = [], marks = [];
  shards.forEach((shard, place) => {
    const again = new Map(shard.again.map((each) => (Array.isArray(each) ? each : [each, 0])));
    const where = streams.size > 1 ? `${shard.stream}/` : "shard ";
    const label = `${where}${shardOf(shard.id)}${functions.get(shard.stream).size > 1 ? ` ${shard.function}` : ""}`;
    shard.lanes.forEach((cells, lane) => lanes.push({ place, lane, cells, again, label: lane ? "" : label, stream: shard.stream, shard: shard.id, function: shard.function }));
    for (const [column] of shard.discarded) marks.push([place, column, "D"]);
    for (const [column] of shard.expired) marks.push([place, column, "E"]);
  });
  return { start: timeline.start, end: timeline.end, columns: timeline.columns, lanes, marks, ages: timeline.ages, more: timeline.more };
};

const compared = (one, other) => {
  for (const name of ["stream", "id", "function"]) if (one[name] !== other[name]) return one[name] < other[name] ? -1 : 1;
  return 0;
};
