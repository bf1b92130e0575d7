// Streams, their shards, and what the functions have made of the records.
import { $, Grid, make, write } from "./dom.js";
import { clock, counted, duration, rate, shardOf, ifKnown, whole } from "./words.js";

const NUMBER = "number";
const STREAMS = [["Stream", "text"], ["Records/s", NUMBER], ["Put", NUMBER], ["Kept", NUMBER], ["Function", "text"], ["Mapping", "state"], ["Waiting", NUMBER], ["Iterator age", NUMBER]];
const SHARDS = [["Shard", "text"], ["Records/s", NUMBER], ["Put", NUMBER], ["Function", "text"], ["Read", NUMBER], ["Held", NUMBER], ["Batches", NUMBER], ["Failed", NUMBER], ["Handled", NUMBER], ["Given up", NUMBER], ["Filtered", NUMBER], ["Expired", NUMBER], ["Iterator age", NUMBER]];

export class Overview {
  constructor() {
    this.streams = new Grid($("streams-table"), STREAMS);
    this.shards = new Grid($("shards"), SHARDS);
    this.figures = new Map();
  }

  show(state, changed) {
    if (changed.has("server")) this.#server(state.server);
    if (["records", "calls", "failures"].some((name) => changed.has(name))) this.#figures(state);
    if (changed.has("streams") || changed.has("mappings")) this.#tables(state.streams, state.mappings);
    if (changed.has("problems") || changed.has("stuck")) $("remarks").replaceChildren(...remarks(state));
  }

  #server({ endpoint, region, state, kcli, since }) {
    write($("where"), `${endpoint}, region ${region}, ${state ? `kept in ${state}` : "in memory"}, kcli ${kcli}, since ${clock(since).slice(0, 8)}`);
  }

  #figures({ records, calls, failures }) {
    if (records) this.#figure("records put", records.total);
    if (calls) {
      this.#figure("calls", calls.total);
      this.#figure("some reported", calls.by_outcome.partial, "partial");
      this.#figure("failed", calls.by_outcome.failed, "failed");
      if (calls.by_outcome.throttled) this.#figure("throttled", calls.by_outcome.throttled, "throttled");
    }
    if (failures && failures.given_up) this.#figure("records given up", failures.given_up, "failed");
    if (failures && failures.destinations.length) this.#figure("documents in failure queues", failures.waiting, "failed");
  }

  #figure(name, count, kind) {
    let value = this.figures.get(name);
    if (!value) {
      value = make("dd");
      const pair = make("div");
      pair.append(make("dt", name), value);
      $("figures").append(pair);
      this.figures.set(name, value);
    }
    write(value, whole(count));
    value.parentElement.className = kind && count ? `figure-${kind}` : "";
  }

  #tables(streams, mappings) {
    if (!streams || !mappings) return;
    const rows = [], shards = [];
    for (const stream of streams.streams) {
      const own = mappings.mappings.filter((each) => each.stream === stream.name);
      for (const mapping of own.length ? own : [null]) rows.push(ofStream(stream, mapping));
      for (const shard of stream.shards) {
        const counts = mappings.shards.filter((each) => each.stream === stream.name && each.shard_id === shard.id);
        for (const each of counts.length ? counts : [null]) shards.push(ofShard(stream, shard, each, own.length ? "" : "none"));
      }
      if (stream.more_shards) shards.push([`${stream.name} more`, [`${stream.name}: ${whole(stream.more_shards)} more, less busy`, ...SHARDS.slice(1).map(() => "")]]);
    }
    const there = new Set(streams.streams.map(({ name }) => name));
    if (!streams.more) for (const mapping of mappings.mappings) if (!there.has(mapping.stream)) rows.push(ofNoStream(mapping));
    this.streams.show(rows);
    this.shards.show(shards);
    const left = [];
    if (!rows.length) left.push("There is no stream: `kcli local start --stream NAME` makes one, and so does CreateStream.");
    if (streams.more) left.push(`${counted(streams.more, "more stream")} not shown.`);
    if (mappings.more) left.push(`What functions made of ${counted(mappings.more, "more shard")}, less busy, is not shown; the figures above are of all.`);
    write($("shards-left"), left.join(" "));
  }
}

// what does not run, and what stands still
const remarks = ({ problems, stuck }) => {
  const found = (problems || []).map(({ name, reason }) => make("li", `Does not run: ${name}: ${reason}`));
  for (const each of stuck ? stuck.shown : []) {
    const item = make("li", `${each.function} stands still on ${each.stream}/${shardOf(each.shard_id)}: a batch of ${counted(each.records, "record")} has failed since ${clock(each.since).slice(0, 8)}, in ${counted(each.attempt, "call")}: ${each.why}. The record in the way is found by `);
    item.append(make("code", "kcli status --find-poison"), ".");
    found.push(item);
  }
  if (stuck && stuck.more) found.push(make("li", `${counted(stuck.more, "more batch", "more batches")} like that.`));
  return found;
};

const ofStream = (stream, mapping) => [
  `${stream.arn} ${mapping ? mapping.function : ""}`,
  [
    stream.kind === "table" ? `table ${stream.name}` : stream.name, ifKnown(stream.per_second, rate), ifKnown(stream.put, whole), whole(stream.records),
    ...(mapping ? ofMapping(mapping) : ["none", "", "", ""]),
  ],
];

// a mapping whose stream was deleted, or never was
const ofNoStream = (mapping) => [`no ${mapping.stream} ${mapping.function}`, [`${mapping.stream}, not there`, "", "", "", ...ofMapping(mapping)]];

const ofMapping = (mapping) => [mapping.function, { text: mapping.state, className: mapping.state.startsWith("Problem") ? "bad" : "" }, whole(mapping.backlog), ifKnown(mapping.iterator_age, duration)];

// of one for which no counts were sent, `nobody` is who is told to take its records
const ofShard = (stream, shard, counts, nobody) => [
  `${stream.arn} ${shard.id} ${counts ? counts.function : ""}`,
  [
    `${stream.name}/${shardOf(shard.id)}${shard.open ? "" : ", closed"}`, ifKnown(shard.per_second, rate), ifKnown(shard.put, whole),
    ...(counts
      ? [counts.function, whole(counts.records), whole(counts.held), whole(counts.batches), problem(counts.failed), whole(counts.succeeded), problem(counts.discarded), whole(counts.filtered), problem(counts.expired), ifKnown(counts.iterator_age, duration)]
      : [nobody, ...Array(9).fill("")]),
  ],
];

const problem = (count) => ({ text: whole(count), className: count ? "bad" : "" });
