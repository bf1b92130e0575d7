// Elements, made from text only: nothing here takes HTML.

export const $ = (id) => document.getElementById(id);

export const make = (name, text, className) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};

export const button = (text, onClick) => {
  const element = make("button", text);
  element.type = "button";
  element.addEventListener("click", onClick);
  return element;
};

// A text where it differs from what is there: what stays is not laid out anew, nor read out again.
export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const MAX_SEEN = 1000; // keys of things that came, more than an event ever has

export const headOf = (columns) => {
  const head = make("thead"), line = make("tr");
  for (const [name, className] of columns) {
    const cell = make("th", name, className);
    cell.scope = "col";
    line.append(cell);
  }
  head.append(line);
  return head;
};

// A table whose rows stay where they are; only texts change.
//   columns: [heading, class of its cells]
export class Grid {
  constructor(table, columns) {
    this.columns = columns;
    this.body = make("tbody");
    this.rows = new Map();
    table.append(headOf(columns), this.body);
  }

  // rows: [key, cells], in their order; a cell is a text, or {text, className}
  show(rows) {
    const gone = new Set(this.rows.keys());
    let before = null;
    for (const [key, cells] of rows) {
      gone.delete(key);
      const line = this.rows.get(key) || this.#added(key);
      cells.forEach((cell, n) => {
        const element = line.children[n];
        write(element, typeof cell === "string" ? cell : cell.text);
        const name = [this.columns[n][1], cell.className].filter(Boolean).join(" ");
        if (element.className !== name) element.className = name;
      });
      const place = before ? before.nextSibling : this.body.firstChild;
      if (line !== place) this.body.insertBefore(line, place);
      before = line;
    }
    for (const key of gone) {
      this.rows.get(key).remove();
      this.rows.delete(key);
    }
  }

  #added(key) {
    const line = make("tr");
    for (let n = 0; n < this.columns.length; n += 1) line.append(make("td"));
    this.rows.set(key, line);
    return line;
  }
}

// The newest of what comes, at most `most` elements, the newest first. It stands still while the
// pointer, the focus or something that was opened is in `around`: what one reads does not move away.
export class Feed {
  constructor(list, around, most, keyOf, build) {
    Object.assign(this, { list, around, most, keyOf, build, waiting: [], seen: new Set() });
  }

  get isHeld() {
    return this.around.matches(":hover, :focus-within") || this.around.querySelector("details[open]") !== null;
  }

  // things: the newest first, of which some came before
  add(things) {
    const fresh = things.filter((thing) => !this.seen.has(this.keyOf(thing)));
    for (const thing of fresh) this.seen.add(this.keyOf(thing));
    const tooMany = this.seen.size - MAX_SEEN;
    if (tooMany > 0) for (const key of [...this.seen].slice(0, tooMany)) this.seen.delete(key);
    this.waiting = [...fresh, ...this.waiting].slice(0, this.most);
  }

  show() {
    if (!this.waiting.length || this.isHeld) return;
    this.list.prepend(...this.waiting.map(this.build));
    this.waiting = [];
    while (this.list.childElementCount > this.most) this.list.lastElementChild.remove();
  }

  clear() {
    this.waiting = [];
    this.seen.clear();
    this.list.replaceChildren();
  }
}
