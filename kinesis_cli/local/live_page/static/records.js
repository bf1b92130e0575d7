// Records as they come: the newest ones, counted exactly.
import { $, Feed, headOf, make, write } from "./dom.js";
import { lifeButton } from "./life.js";
import { clock, shardOf, whole } from "./words.js";

const MAX_ROWS = 100;
const COLUMNS = [["Arrived", "time"], ["Shard", "where"], ["Partition key", "key"], ["Payload", "payload"], ["Sequence number", "sequence"]];

export class Records {
  constructor() {
    const body = make("tbody");
    $("records").append(headOf(COLUMNS), body);
    this.feed = new Feed(body, $("records-feed"), MAX_ROWS, (each) => `${each.stream} ${each.shard_id} ${each.number}`, row);
  }

  take(state, changed) {
    if (changed.has("records")) this.feed.add(state.records.shown);
  }

  show(state) {
    this.feed.show();
    if (!state.records) return;
    const still = this.feed.isHeld && this.feed.waiting.length ? " The list stands still: the pointer or the focus is in it." : "";
    const { total } = state.records, since = clock(state.server.watching_since).slice(0, 8);
    const words = total ? `${whole(total)} put since ${since}. Where many come, the newest of each half second are listed.` : `None was put since ${since}. The form puts one, and so does \`kcli put\`.`;
    write($("records-count"), words + still);
  }
}

// what a payload was opened from, and its text; it is harmless already
const payloadOf = (record) => `${record.packing ? `[${record.packing}] ` : ""}${record.text}${record.cut ? "…" : ""}`;

const row = (record) => {
  const line = make("tr"), last = make("td", undefined, "sequence");
  last.append(lifeButton(record.stream, record.shard_id, record.number));
  line.append(
    make("td", clock(record.at), "time"), make("td", `${record.stream}/${shardOf(record.shard_id)}`, "where"),
    make("td", record.key, "key"), make("td", payloadOf(record), "payload"), last,
  );
  return line;
};
