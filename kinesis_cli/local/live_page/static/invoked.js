// Calls that no mapping made: by Invoke, and of events with their retries. None: nothing is shown.
import { body, outcomeOf } from "./calls.js";
import { $, Feed, make, write } from "./dom.js";
import { clock, counted, whole } from "./words.js";

const MAX_CALLS = 60; // in the list

export class Invoked {
  constructor() {
    this.feed = new Feed($("invoked"), $("invoked"), MAX_CALLS, (call) => call.id, item);
    $("only-problems").addEventListener("change", () => { this.feed.clear(); this.#list(this.state); this.feed.show(); });
  }

  take(state, changed) {
    this.state = state;
    if (changed.has("invoked")) this.#list(state);
  }

  show(state) {
    this.feed.show();
    if (!state.invoked) return;
    const { total, running } = state.invoked;
    $("invoked-part").hidden = !total && !running;
    write($("invoked-count"), `${counted(total, "call")} by Invoke since the server was started${running ? `, ${whole(running)} running now` : ""}.`);
  }

  #list(state) {
    if (state && state.invoked) this.feed.add($("only-problems").checked ? state.invoked.problems : state.invoked.shown);
  }
}

const item = (call) => {
  const details = make("details"), summary = make("summary");
  summary.append(
    make("span", clock(call.at)), outcomeOf(call), make("span", call.function),
    make("span", call.kind === "event" ? "event, nobody waits" : "answer waited for"), make("span", `try ${call.attempt}`), make("span", `${call.duration_ms.toFixed(1)} ms`),
  );
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(body(call, "invoked"));
  });
  return details;
};
