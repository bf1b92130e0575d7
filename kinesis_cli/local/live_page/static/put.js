// The form that puts a record.
import { answer, ask, inWords } from "./connection.js";
import { $ } from "./dom.js";
import { lifeButton } from "./life.js";
import { shardOf } from "./words.js";

export class Put {
  constructor() {
    this.stream = $("put-stream");
    this.output = $("put-answer");
    this.submit = $("put").querySelector("[type=submit]");
    $("put").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#put();
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
    const request = { stream, key: $("put-key").value, data: $("put-data").value, base64: $("put-base64").checked, hash_key: $("put-hash").value };
    this.submit.disabled = true; // once for a double click
    const { document: put, ...problem } = await ask("./put", request);
    this.submit.disabled = false;
    if (!put) {
      answer(this.output, "problem", inWords(problem));
      return;
    }
    answer(this.output, "done", `Put on ${stream}/${shardOf(put.shard_id)}, sequence number `, lifeButton(stream, put.shard_id, put.number));
  }
}
