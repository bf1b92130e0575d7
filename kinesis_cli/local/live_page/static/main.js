// The page: takes the state as it comes, and shows what has changed, once a frame at most.
import { Calls } from "./calls.js";
import { Events } from "./connection.js";
import { $, write } from "./dom.js";
import { Failures } from "./failures.js";
import { Faults } from "./faults.js";
import { Invoked } from "./invoked.js";
import { Overview } from "./overview.js";
import { Put } from "./put.js";
import { Records } from "./records.js";
import { counted } from "./words.js";

const SPEECH_MS = 10000; // between two sentences of their own accord to a screen reader

const state = {};
const changed = new Set();
let isPaused = false;
let connection = "connecting";
let isAsked = false; // a frame is

const parts = [new Overview(), new Records(), new Calls(), new Invoked(), new Put(), new Failures(), new Faults()];

// --- what comes

const onState = (document) => {
  Object.assign(state, document);
  for (const name of Object.keys(document)) changed.add(name);
  for (const part of parts) part.take?.(state, changed);
  draw();
};

const draw = () => {
  if (isAsked || isPaused) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    if (isPaused) return;
    for (const part of parts) part.show(state, changed);
    changed.clear();
    speakOfFailures();
  });
};

// --- the connection, and standing still

const CONNECTION = {
  connecting: ["connecting", ""],
  live: ["live", ""],
  paused: ["paused", ""],
  lost: ["connection lost", "The server does not answer; the page tries again by itself. What stands here is what came last."],
  ended: ["ended", "The server has ended. What stands here is what came last. Once it runs again, `kcli local ui` prints a link to its page."],
  refused: ["not let in", "The server was started anew and does not know this page. Run `kcli local ui`, and open the link that it prints."],
};

const showConnection = () => {
  const shown = isPaused && connection === "live" ? "paused" : connection;
  const [words, notice] = CONNECTION[shown];
  const badge = $("connection");
  if (badge.dataset.state === shown) return;
  badge.dataset.state = shown;
  write($("connection-words"), words);
  write($("notice"), notice);
  $("notice").hidden = !notice;
  if (shown !== "live" || connection !== "connecting") write($("spoken"), notice || `The page is ${words}.`);
};

const events = new Events("./events?window=60", onState, (change) => {
  connection = change;
  showConnection();
});

$("window").addEventListener("change", (event) => events.move(`./events?window=${event.target.value}`));

$("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  $("pause").setAttribute("aria-pressed", String(isPaused));
  showConnection();
  draw();
});

// --- said to a screen reader of its own accord: only what somebody waits for, and seldom

let waitingBefore = null;
let spokeAt = -Infinity;
const speakOfFailures = () => {
  const waiting = state.failures ? state.failures.waiting : 0;
  document.title = waiting ? `(${waiting}) kcli local` : "kcli local";
  if (waitingBefore !== null && waiting > waitingBefore && performance.now() - spokeAt > SPEECH_MS) {
    spokeAt = performance.now();
    write($("spoken"), `${counted(waiting, "document")} in the failure queues.`);
  }
  waitingBefore = waiting;
};
