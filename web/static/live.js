// Keeps an open page true: when an incident changes, the page is fetched again
// and the sections that differ are exchanged, in place. Without this script the
// page is the same, as of when it was loaded.
(() => {
  "use strict";
  const AT_LEAST = 2000; // ms between two fetches
  const SPREAD = 1500; // ms over which many readers spread theirs
  const CACHED = 6000; // ms after which a cache in between has let go of the old page
  const SLOWEST = 60000; // ms between two tries to connect
  const SILENCE = 30000; // ms without a connection until we ask for the page itself
  const words = document.body.dataset;

  // The colours that the reader chose, kept in this browser alone. Without a choice the
  // system's are taken, and nothing is kept.
  const theme = document.getElementById("theme");
  if (theme) {
    const root = document.documentElement;
    const wear = (chosen) => { if (chosen) root.dataset.theme = chosen; else delete root.dataset.theme; };
    try { theme.value = localStorage.getItem("theme") ?? ""; } catch { /* nothing may be kept */ }
    wear(theme.value);
    theme.parentElement.hidden = false;
    theme.addEventListener("change", () => {
      wear(theme.value);
      try { if (theme.value) localStorage.setItem("theme", theme.value); else localStorage.removeItem("theme"); } catch { /* for this page alone */ }
    });
  }

  const pad = (n) => String(n).padStart(2, "0");

  // The reader's own time beside ours, where it is another.
  function addLocalTimes(root) {
    for (const el of root.querySelectorAll("time[data-local]")) {
      const at = new Date(el.dateTime);
      if (isNaN(at) || at.getTimezoneOffset() === 0 || el.nextElementSibling?.className === "local") continue;
      const mine = document.createElement("span");
      mine.className = "local";
      mine.textContent = words.local.replace("{}", `${pad(at.getHours())}:${pad(at.getMinutes())}`);
      el.after(mine);
    }
  }

  // The numbers of a chart by touch, mouse and keyboard: a slider lies over it and steps
  // through its table.
  function makeReadable(root) {
    for (const plot of root.querySelectorAll(".plot[data-from]")) {
      const figure = plot.closest("figure"), rows = [...figure.querySelectorAll("tbody tr")];
      if (rows.length === 0) continue;
      const heads = [...figure.querySelectorAll("thead th")].map((th) => th.textContent);
      const { from, to, read } = plot.dataset;
      const places = rows.map((row) => (new Date(row.querySelector("time").dateTime) - from) / (to - from));
      const [slider, cursor, out] = ["input", "span", "output"].map((name) => document.createElement(name));
      Object.assign(slider, { type: "range", id: figure.querySelector("svg").getAttribute("aria-labelledby").split(" ")[0] + "-read", min: 0, max: rows.length - 1, value: rows.length - 1 });
      slider.setAttribute("aria-label", read);
      cursor.className = "cursor";
      const show = (i) => {
        const [time, ...cells] = [...rows[i].cells].map((cell) => (cell.querySelector("time") ?? cell).textContent);
        const x = 100 * Math.min(1, Math.max(0, places[i]));
        slider.value = i;
        out.textContent = `${time} · ` + cells.map((text, n) => `${heads[n + 1]} ${text}`).join(" · ");
        slider.setAttribute("aria-valuetext", out.textContent);
        cursor.style.left = out.style.left = `${x}%`;
        out.style.transform = `translateX(-${x}%)`;
        cursor.hidden = out.hidden = false;
      };
      const point = (event) => {
        const box = plot.getBoundingClientRect(), x = (event.clientX - box.left) / box.width;
        show(places.reduce((best, place, i) => (Math.abs(place - x) < Math.abs(places[best] - x) ? i : best), 0));
      };
      const leave = () => { cursor.hidden = out.hidden = true; };
      leave();
      for (const name of ["pointerdown", "pointermove"]) slider.addEventListener(name, point);
      slider.addEventListener("input", () => slider.matches(":active") || show(Number(slider.value)));
      slider.addEventListener("focus", () => slider.matches(":active") || show(Number(slider.value)));
      for (const name of ["pointerleave", "blur"]) slider.addEventListener(name, leave);
      plot.append(cursor, out, slider);
    }
  }

  // Buttons that copy a text area of the page, or a text of their own. Without this script
  // texts can be chosen by hand.
  async function copy(event) {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    from?.select();
    try {
      await navigator.clipboard.writeText(from?.value ?? button.dataset.text);
    } catch {
      if (!from || !document.execCommand("copy")) return; // it is chosen: the reader's keys copy it
    }
    const label = button.textContent;
    button.textContent = document.getElementById("said").textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  const main = document.querySelector("main");
  document.documentElement.classList.add("js");
  main.addEventListener("click", copy);
  const follows = main.dataset.live;
  let kept = sectionsOf(main);
  makeReadable(main);
  addLocalTimes(main);
  if (!follows || !window.EventSource) return;

  const said = document.getElementById("said");
  const link = document.getElementById("link");
  let stream, tries = 0, retry, silence, due, fetching = false, fetchedAt = 0;
  let wanted = 0; // the newest revision heard of, of the incident that this page is about

  // sectionsOf is what the server wrote, by id, before anything was added.
  function sectionsOf(root) {
    return new Map([...root.children].filter((el) => el.id).map((el) => [el.id, el.outerHTML]));
  }

  function follow() {
    clearTimeout(retry);
    stream = new EventSource(words.stream);
    stream.onopen = () => {
      clearTimeout(silence);
      silence = undefined;
      link.hidden = true;
      if (tries > 0) refresh(SPREAD); // what was missed meanwhile
      tries = 0;
    };
    stream.onerror = () => {
      stop();
      silence ??= setTimeout(ask, SILENCE);
      const wait = Math.min(SLOWEST, 1000 * 2 ** tries++);
      retry = setTimeout(follow, wait * (0.5 + Math.random()));
    };
    stream.addEventListener("reset", () => refresh(SPREAD));
    stream.addEventListener("coverage", () => refresh(Math.random() * SPREAD));
    stream.addEventListener("incident", (event) => {
      if (follows !== "all") {
        let incident;
        try { incident = JSON.parse(event.data); } catch { return; }
        if (incident.id !== follows) return;
        wanted = Math.max(wanted, incident.revision);
      }
      refresh(Math.random() * SPREAD);
    });
  }

  function stop() {
    clearTimeout(retry);
    stream?.close();
    stream = undefined;
  }

  // ask is for readers to whom the stream does not get through: the page is asked
  // for now and then, and says so when there is no answer either.
  async function ask() {
    silence = setTimeout(ask, SILENCE);
    if (document.hidden || (await fetchPage())) return;
    link.textContent = words.silent.replace("{}", main.dataset.asOf);
    link.hidden = false;
  }

  async function fetchPage() {
    fetchedAt = Date.now();
    try {
      const answer = await fetch(location.href.split("#")[0], { cache: "no-cache", headers: { Accept: "text/html" } });
      if (!answer.ok) return false;
      show(await answer.text());
      link.hidden = true;
      return true;
    } catch {
      return false;
    }
  }

  // refresh fetches the page once, however many events ask for it.
  function refresh(delay) {
    if (due || document.hidden) return;
    due = setTimeout(async () => {
      due = undefined;
      if (fetching) return refresh(AT_LEAST);
      fetching = true;
      await fetchPage(); // the stream says when the server is away
      fetching = false;
      if (wanted > Number(main.dataset.revision)) {
        wanted = 0; // once: whoever answers us may know no more
        refresh(CACHED);
      }
    }, Math.max(delay, fetchedAt + AT_LEAST - Date.now()));
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const next = fresh.querySelector("main");
    if (!next || !next.dataset.live) return;
    const sections = sectionsOf(next);
    const anchor = [...main.children].find((el) => el.id && el.getBoundingClientRect().bottom > 0);
    const top = anchor?.getBoundingClientRect().top;
    if ([...sections.keys()].join() === [...kept.keys()].join()) {
      for (const [id, markup] of sections) {
        if (markup !== kept.get(id)) exchange(document.getElementById(id), next.querySelector("#" + CSS.escape(id)));
      }
    } else {
      const ids = [...sections.keys()];
      for (const el of [...main.children]) if (!sections.has(el.id)) el.remove();
      ids.forEach((id, i) => {
        const theirs = next.querySelector("#" + CSS.escape(id)), ours = document.getElementById(id);
        if (!ours) makeReadable(theirs), main.insertBefore(document.adoptNode(theirs), document.getElementById(ids[i - 1])?.nextSibling ?? main.firstChild);
        else if (sections.get(id) !== kept.get(id)) exchange(ours, theirs);
      });
    }
    kept = sections;
    addLocalTimes(main);
    document.title = fresh.title;
    const asOf = fresh.getElementById("as-of");
    if (asOf) document.getElementById("as-of")?.replaceWith(document.adoptNode(asOf));
    if (next.dataset.say !== main.dataset.say) said.textContent = next.dataset.say;
    Object.assign(main.dataset, next.dataset);
    const moved = anchor?.id && window.scrollY > 0 && document.getElementById(anchor.id);
    if (moved) window.scrollBy(0, moved.getBoundingClientRect().top - top);
  }

  // exchange puts theirs in the place of ours and leaves the reader's hand where
  // it was: what is open and focused.
  function exchange(ours, theirs) {
    const focused = ours.contains(document.activeElement) ? document.activeElement.id : "";
    for (const el of ours.querySelectorAll("details[id]")) {
      const same = theirs.querySelector("#" + CSS.escape(el.id));
      if (same) same.open = el.open;
    }
    for (const el of ours.querySelectorAll("input[name][id],select[id]")) { // what is being filled in
      const same = theirs.querySelector("#" + CSS.escape(el.id));
      if (same && el.type !== "hidden") same.value = el.value;
    }
    makeReadable(theirs);
    ours.replaceWith(document.adoptNode(theirs));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  // A hidden page needs nothing, and browsers allow few connections.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return stop();
    if (!stream) follow();
    refresh(0);
  });
  if (!document.hidden) follow();
})();
