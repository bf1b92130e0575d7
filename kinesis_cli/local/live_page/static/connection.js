// What comes from the server, and what is asked of it. A lost connection comes back by itself.

const WAITS = [500, 1000, 2000, 5000]; // milliseconds before each new try; the last one for all others

export class Events {
  // path: of the events; onState: told of each; onChange: told "live", "lost", "ended" or "refused"
  constructor(path, onState, onChange) {
    Object.assign(this, { path, onState, onChange, tries: 0, isOver: false });
    this.#open();
  }

  // another path, from now on
  move(path) {
    this.path = path;
    if (this.source) this.source.close();
    clearTimeout(this.again);
    this.#open();
  }

  #open() {
    const source = new EventSource(this.path);
    this.source = source;
    source.addEventListener("open", () => {
      this.tries = 0;
      this.isOver = false;
      this.onChange("live");
    });
    source.addEventListener("state", (event) => this.onState(JSON.parse(event.data)));
    source.addEventListener("end", () => { this.isOver = true; });
    source.addEventListener("error", () => {
      source.close();
      if (source === this.source) this.#lost(source);
    });
  }

  async #lost(source) {
    const isRefused = await isStranger();
    if (source !== this.source) return;
    if (isRefused) {
      this.onChange("refused");
      return;
    }
    this.onChange(this.isOver ? "ended" : "lost");
    this.again = setTimeout(() => this.#open(), WAITS[Math.min(this.tries, WAITS.length - 1)]);
    this.tries += 1;
  }
}

// whether a server answers that does not know this page
const isStranger = async () => {
  try {
    const { status } = await fetch("./state", { method: "GET", cache: "no-store" });
    return status === 401 || status === 403;
  } catch {
    return false;
  }
};

// Ask for something, or for something to be done; {document} or {problem, place, advice}.
export const ask = async (path, body) => {
  try {
    const request = body === undefined ? { cache: "no-store" } : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(path, request);
    const document = await response.json();
    if (response.ok) return { document };
    return { problem: document.problem || `The server answers ${response.status}.`, place: document.place, advice: document.advice };
  } catch {
    return { problem: "The server does not answer.", advice: "The page tries again by itself; then do this once more." };
  }
};

// What came of it, in words, in an element that a screen reader reads out.
export const answer = (output, kind, ...texts) => {
  output.dataset.kind = kind;
  output.replaceChildren(...texts);
};

export const inWords = ({ problem, place, advice }) => {
  const sentence = /[.!?]$/.test(problem) ? problem : `${problem}.`;
  return [place ? `${place}: ` : "", sentence, advice ? ` ${advice}` : ""].join("");
};
