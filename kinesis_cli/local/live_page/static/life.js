// The life of a record, in a dialog.
import { ask, inWords } from "./connection.js";
import { $, button, make } from "./dom.js";
import { clock, numberOf, shardOf, whole } from "./words.js";

let asked = 0; // how often; what was asked for before is not shown any more

const showLife = async (stream, shardId, number) => {
  asked += 1;
  const mine = asked, dialog = $("life"), text = $("life-text");
  text.replaceChildren(make("p", `Record ${number} of ${stream}/${shardOf(shardId)}`), make("p", "Asking…", "small"));
  if (!dialog.open) dialog.showModal();
  const query = new URLSearchParams({ stream, shard: shardId, number });
  const { document: life, ...problem } = await ask(`./record?${query}`);
  if (mine !== asked) return;
  text.lastElementChild.remove();
  if (life) text.append(...told(life));
  else text.append(make("p", inWords(problem)));
};

const told = ({ record, steps, endings = [], remark }) => {
  const parts = [];
  if (record) {
    const packing = record.packing ? `, opened from ${record.packing}` : "";
    parts.push(make("p", `Arrived ${clock(record.at)}, partition key ${record.key}, ${whole(record.size)} bytes${packing}`));
    parts.push(make("pre", (record.lines && record.lines.length ? record.lines : [record.text]).join("\n") + (record.cut ? "…" : "")));
  } else parts.push(make("p", "It has left the stream."));
  const list = make("ol");
  for (const { at, what } of steps) list.append(make("li", at === null ? what : `${clock(at)} ${what}`));
  parts.push(list, ...endingsOf(endings));
  if (remark) parts.push(make("p", remark, "small"));
  return parts;
};

const LEADS = { waiting: "Now", notTold: "Its end" };

// of a record that several functions are given, one for each
const endingsOf = (endings) => {
  if (!endings.length) return [make("p", "No function is given it.")];
  const many = endings.length > 1;
  return endings.map((each) => make("p", `${many ? `${each.function}: ` : ""}${LEADS[each.ended] || "It ended"}: ${each.words}`));
};

// a sequence number, with the life of its record behind it
export const lifeButton = (stream, shardId, number, more = "") => {
  const element = button(numberOf(number), () => showLife(stream, shardId, number));
  element.className = "number-button";
  element.setAttribute("aria-label", `The life of record ${number}${more}`);
  return element;
};

// the sequence numbers of a call, each with its life behind it
export const numbers = (call, list, failed) => {
  const bad = new Set(failed), line = make("p", undefined, "numbers");
  for (const number of list) {
    const each = lifeButton(call.stream, call.shard_id, number, bad.has(number) ? ", which failed" : "");
    if (bad.has(number)) each.classList.add("bad");
    line.append(each, " ");
  }
  return line;
};
