// The documents that wait in the failure queues, and their way back to the stream.
import { answer, ask, inWords } from "./connection.js";
import { $, button, make, write } from "./dom.js";
import { lifeButton } from "./life.js";
import { clock, counted, shardOf, whole } from "./words.js";

const PATIENCE_MS = 2000; // between two questions for the documents: thousands may come a second

export class Failures {
  constructor() {
    this.list = $("failures");
    this.output = $("failures-answer");
    this.askedAt = -Infinity;
    this.timer = 0;
    this.items = new Map(); // by destination and id
  }

  show(state, changed) {
    if (!changed.has("failures")) return;
    write($("failures-count"), summary(state.failures));
    this.#askSoon();
  }

  #askSoon() {
    if (this.timer) return;
    const wait = Math.max(this.askedAt + PATIENCE_MS - performance.now(), 0);
    this.timer = setTimeout(async () => {
      this.askedAt = performance.now();
      const { document: found, ...problem } = await ask("./failures");
      this.timer = 0;
      if (found) this.#documents(found);
      else answer(this.output, "problem", inWords(problem));
    }, wait);
  }

  // what stays is left where it is: one may be about to click it
  #documents({ documents, problems }) {
    const gone = new Set(this.items.keys());
    for (const each of documents) {
      const key = `${each.destination} ${each.id}`;
      gone.delete(key);
      const known = this.items.get(key);
      if (known && known.why === each.why_not) continue;
      const item = this.#item(each);
      if (known) known.item.replaceWith(item);
      else this.list.append(item);
      this.items.set(key, { item, why: each.why_not });
    }
    for (const key of gone) {
      this.items.get(key).item.remove();
      this.items.delete(key);
    }
    this.rest?.remove();
    this.rest = problems.length ? make("li", problems.join(" "), "small") : null;
    if (this.rest) this.list.append(this.rest);
  }

  #item(each) {
    const item = make("li"), lives = make("p", "", "small");
    const where = `${each.stream}/${shardOf(each.shard_id)}`;
    item.append(make("p", `${counted(each.records, "record")} of ${where}: ${each.condition} after ${counted(each.attempts, "call")}`), lives);
    lives.append(`${clock(each.at).slice(0, 8)} ${each.function}, `);
    for (const number of new Set([each.first, each.last])) lives.append(lifeButton(each.stream, each.shard_id, number), " ");
    const redrive = button("Redrive", () => this.#redrive(each, redrive));
    redrive.setAttribute("aria-label", `Redrive ${counted(each.records, "record")} of ${where}`);
    redrive.disabled = !each.can_redrive;
    item.append(redrive);
    if (each.why_not) item.append(make("p", each.why_not, "small"));
    return item;
  }

  async #redrive(each, redrive) {
    const records = counted(each.records, "record");
    const text = `This puts ${records} on stream ${each.stream} again, behind all that are there, and deletes the document once each was put.`;
    if (!(await isSure(`Redrive ${records}?`, text, "Redrive"))) return;
    const { document: done, ...problem } = await ask("./redrive", { destination: each.destination, id: each.id });
    if (!done) answer(this.output, "problem", inWords(problem));
    else answer(this.output, done.outcome === "replayed" ? "done" : "problem", told(done, each));
    this.output.focus(); // the button may go with its document
    this.#askSoon();
  }
}

// how many there are and where, and how many of them are listed
const summary = ({ waiting, listed, destinations }) => {
  if (!destinations.length) return "No mapping here has a destination for what it gives up.";
  const places = destinations.filter(({ waiting: count }) => count !== null), others = destinations.filter(({ waiting: count }) => count === null);
  const names = (some) => some.map(({ name }) => name).join(", ");
  const parts = [];
  if (places.length) parts.push(`${counted(waiting, "document")} in ${names(places)}`);
  if (places.some(({ waiting: count }) => count > listed)) parts.push(`the oldest ${whole(listed)}${places.length > 1 ? " of each" : ""} are listed, kcli redrive shows all`);
  if (others.length) parts.push(`what is in ${names(others)} is not counted`);
  return parts.join("; ");
};

const told = ({ outcome, records, remark, deleted }, { stream }) => {
  const words = { replayed: `Put ${counted(records, "record")} on ${stream} again`, expired: "The records have left the stream", failed: "The records could not be put" };
  return `${words[outcome]}${remark ? `: ${remark}` : ""}; the document was ${deleted ? "deleted" : "left"}.`;
};

// ask; whether the answer was yes
const isSure = (heading, text, yes) => {
  const dialog = $("ask");
  write($("ask-heading"), heading);
  write($("ask-text"), text);
  write($("ask-yes"), yes);
  dialog.returnValue = "no"; // Esc leaves it so
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
};
