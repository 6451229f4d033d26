// Suggests what may be meant while a reader types into the search box. Without this
// script the same search answers with a page.
(() => {
  "use strict";
  const PAUSE = 120; // ms without a key until we ask
  const KEPT = 100; // answers that are kept
  const box = document.getElementById("q");
  const list = document.getElementById("found");
  if (!box || !list) return;
  const said = document.getElementById("said");
  const answers = new Map();
  let due, asked = 0, active = -1;

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");

  function close() {
    asked++; // what is on its way comes too late
    clearTimeout(due);
    list.hidden = true;
    list.replaceChildren();
    active = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function choose(n) {
    const rows = list.children;
    rows[active]?.setAttribute("aria-selected", "false");
    active = (n + rows.length) % rows.length;
    rows[active].setAttribute("aria-selected", "true");
    rows[active].scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", rows[active].id);
  }

  function show(found) {
    close();
    if (found.length === 0) return;
    list.append(...found.map((f, i) => {
      const row = document.createElement("li");
      row.id = `found-${i}`;
      row.dataset.url = f.url;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      const name = document.createElement("span");
      name.textContent = f.name;
      const kind = document.createElement("span");
      kind.className = "meta";
      kind.textContent = f.kind;
      row.append(name, " ", kind);
      return row;
    }));
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    said.textContent = list.dataset.say.replace("{}", found.length);
  }

  async function ask() {
    const text = box.value.trim();
    if (text.length < 2) return close();
    const mine = ++asked;
    try {
      if (!answers.has(text)) {
        const query = new URLSearchParams({ q: text, lang: document.documentElement.lang });
        const res = await fetch(`${list.dataset.from}?${query}`);
        if (!res.ok) return;
        if (answers.size >= KEPT) answers.clear();
        answers.set(text, await res.json());
      }
    } catch {
      return; // the form still works
    }
    if (mine === asked) show(answers.get(text));
  }

  box.addEventListener("input", () => {
    clearTimeout(due);
    due = setTimeout(ask, PAUSE);
  });
  box.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") choose(active + 1);
    else if (event.key === "ArrowUp") choose(active < 0 ? -1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) location.assign(list.children[active].dataset.url);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const row = event.target.closest("li");
    if (row) location.assign(row.dataset.url);
  });
  box.addEventListener("blur", close);
})();
