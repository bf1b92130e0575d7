// Numbers, times and names in words as short as they stay clear; like kinesis_cli/simulation/words.py.

export const whole = (number) => number.toLocaleString("en-US");
export const ifKnown = (number, words) => (number === null || number === undefined ? "" : words(number)); // "": it is not known
export const counted = (number, noun, many = `${noun}s`) => `${whole(number)} ${number === 1 ? noun : many}`;

// of a table's stream, whose shards begin with a time, only what follows it
export const shardOf = (id) => {
  const digits = id.replace(/^shardId-/, ""), ofTable = /^\d{20}-([0-9a-f]{8})$/.exec(digits);
  if (ofTable) return ofTable[1].replace(/^0+(?=.)/, "");
  return /^\d+$/.test(digits) ? digits.replace(/^0+(?=.)/, "") : id;
};

export const numberOf = (sequenceNumber) =>
  sequenceNumber.length <= 13 ? sequenceNumber : `…${sequenceNumber.slice(-12)}`;

const two = (number) => String(number).padStart(2, "0");

// 0.42 s; from a minute on 1:02:03; from a day on 1d 02:03:04
export const duration = (seconds) => {
  if (seconds < 59.995) return `${seconds.toFixed(2)} s`;
  const all = Math.round(seconds), days = Math.floor(all / 86400);
  const clock = `${Math.floor((all % 86400) / 3600)}:${two(Math.floor((all % 3600) / 60))}:${two(all % 60)}`;
  return days ? `${days}d ${clock.padStart(8, "0")}` : clock;
};

export const rate = (perSecond) =>
  perSecond >= 99.5 || perSecond === 0 ? whole(Math.round(perSecond)) : perSecond.toFixed(1);

// the time of day here, to the millisecond
export const clock = (epochSeconds) => {
  const at = new Date(epochSeconds * 1000);
  if (Number.isNaN(at.getTime())) return String(epochSeconds);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
};
