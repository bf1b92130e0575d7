// What scrolls sideways must be reachable by keyboard.
for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
  table.tabIndex = 0;
}
