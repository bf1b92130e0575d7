// The faults, as `kcli local faults` has them: switched here, shown as they are there.
import { answer, ask, inWords } from "./connection.js";
import { $, button, make, write } from "./dom.js";
import { duration, shardOf } from "./words.js";

const SHARES = [
  ["fail", "Fail a share of the entries of PutRecords", 20],
  ["error", "Answer a share of the requests with 500", 5],
];

const CLOCKS = [["+6 min", "Clock 6 minutes on", 360], ["+25 h", "Clock 25 hours on", 90000], ["real time", "Clock to real time", null]];

export class Faults {
  constructor() {
    const form = $("faults");
    this.fields = [];
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const [name, text, share] of SHARES)
      this.#switch(form, text, this.#number(share, "%", 100), (value) => ({ [name]: value / 100 }), (faults) => (faults[name] ? faults[name] * 100 : null), { [name]: 0 });
    this.#switch(form, "Wait before each answer", this.#number(300, "ms", 3600000), (value) => ({ delay: value / 1000 }), (faults) => (faults.delay ? faults.delay * 1000 : null), { delay: 0 });
    this.#switch(form, "Drop the connection of each request", this.#choice([["before", "before write"], ["after", "after write"]]), (value) => ({ cut: value }), (faults) => faults.cut || null, { cut: null });
    this.throttled = this.#choice([]);
    this.#switch(form, "Refuse reads from and writes to", this.throttled, (value) => ({ throttle: [value] }), (faults) => (faults.throttle && faults.throttle.length ? shortened(faults.throttle[0]) : null), { throttle: [] });
    const clock = make("p", undefined, "tools");
    for (const [text, label, seconds] of CLOCKS) {
      const move = button(text, () => this.act({ clock: seconds }));
      move.setAttribute("aria-label", label);
      clock.append(move);
    }
    clock.prepend(make("span", "Clock"));
    const all = make("p", undefined, "tools");
    all.append(
      button("Expire all iterators", () => this.act({ expire_iterators: true })),
      button("All off", () => this.act({ clear: true })),
    );
    this.rest = make("p", undefined, "small");
    this.answer = make("output", undefined, "answer");
    this.answer.id = "faults-answer";
    form.append(clock, all, this.rest, this.answer);
  }

  show(state, changed) {
    if (changed.has("streams")) this.#offer(state.streams.streams.flatMap(({ kind, name, shards }) => (kind === "kinesis" ? [name, ...shards.map(({ id }) => `${name}/${shardOf(id)}`)] : [])));
    if (changed.has("faults")) this.#set(state.faults);
  }

  async act(request) {
    const { document, ...problem } = await ask("./faults", request);
    if (document) {
      this.#set(document);
      this.answer.replaceChildren();
    } else {
      answer(this.answer, "problem", inWords(problem));
      this.#set(this.faults);
    }
  }

  #set(faults) {
    this.faults = faults;
    for (const field of this.fields) field.show(faults);
    const rest = [];
    if (faults.clock) rest.push(`The clock is ${faults.clock > 0 ? "ahead" : "behind"} by ${duration(Math.abs(faults.clock))}.`);
    if (faults.cut && faults.cut_share !== undefined) rest.push(`Of the requests ${faults.cut_share * 100} % are cut.`);
    if (faults.operations) rest.push(`Waiting, 500 and cuts concern only ${faults.operations.join(", ")}.`);
    if (faults.throttle && faults.throttle.length > 1) rest.push(`Throttled: ${faults.throttle.join(", ")}.`);
    write(this.rest, rest.join(" "));
  }

  // what may be throttled
  #offer(names) {
    const offered = [...this.throttled.options].map((each) => each.value);
    if (offered.join("\n") === names.join("\n")) return;
    const chosen = this.throttled.value;
    this.throttled.replaceChildren(...names.map((name) => new Option(name, name)));
    if (names.includes(chosen)) this.throttled.value = chosen;
  }

  #switch(form, text, control, on, read, off) {
    const line = make("div", undefined, "fault"), label = make("label", undefined, "check"), box = make("input");
    box.type = "checkbox";
    const words = make("span", text);
    label.append(box, words);
    const input = control.matches("select") ? control : control.firstElementChild;
    input.setAttribute("aria-label", `${text}: how`);
    line.append(label, control);
    form.append(line);
    const send = () => this.act({ set: box.checked ? on(input.type === "number" ? Number(input.value) : input.value) : off });
    box.addEventListener("change", send);
    input.addEventListener("change", () => { if (box.checked) send(); });
    this.fields.push({
      show: (faults) => {
        const value = read(faults);
        box.checked = value !== null;
        if (value === null || document.activeElement === input) return;
        const shown = typeof value === "number" ? String(Number(value.toFixed(3))) : value;
        if (input.matches("select") && ![...input.options].some((each) => each.value === shown)) input.append(new Option(shown, shown));
        input.value = shown;
      },
    });
  }

  #number(value, unit, most) {
    const holder = make("span", undefined, "unit"), input = make("input");
    Object.assign(input, { type: "number", min: "0", max: String(most), step: "any", value: String(value) });
    holder.append(input, make("span", unit));
    return holder;
  }

  #choice(choices) {
    const select = make("select");
    select.append(...choices.map(([value, text]) => new Option(text, value)));
    return select;
  }
}

const shortened = (throttled) => throttled.replace(/\/(.*)$/, (_, shard) => `/${shardOf(shard)}`);
