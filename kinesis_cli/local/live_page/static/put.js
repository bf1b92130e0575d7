// The form that puts a record.
import { answer, ask, inWords } from "./connection.js";
import { $ } from "./dom.js";
import { lifeButton } from "./life.js";
import { shardOf } from "./words.js";

export class Put {
  constructor() {
    this.stream = $("put-stream");
    this.output = $("put-answer");
    this.isBusy = false; // a button that is disabled would lose the focus
    $("put").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.isBusy) this.#put(); // once for a double click
    });
  }

  show(state, changed) {
    if (!changed.has("streams")) return;
    const names = state.streams.streams.filter(({ kind }) => kind === "kinesis").map(({ name }) => name);
    const offered = [...this.stream.options].map(({ value }) => value);
    if (names.join("\n") === offered.join("\n")) return;
    const chosen = this.stream.value;
    this.stream.replaceChildren(...names.map((name) => new Option(name, name)));
    if (names.includes(chosen)) this.stream.value = chosen;
  }

  async #put() {
    const stream = this.stream.value;
    if (!stream) {
      answer(this.output, "problem", "There is no stream to put it on.");
      return;
    }
    const request = { stream, key: $("put-key").value, data: $("put-data").value, base64: $("put-base64").checked, hash_key: $("put-hash").value };
    this.isBusy = true;
    const { document: put, ...problem } = await ask("./put", request);
    this.isBusy = false;
    if (!put) {
      answer(this.output, "problem", inWords(problem));
      return;
    }
    answer(this.output, "done", `Put on ${stream}/${shardOf(put.shard_id)}, sequence number `, lifeButton(stream, put.shard_id, put.number));
  }
}
