// Plays an outage of the past: the moments of the slider one after another, as far apart
// as they were, divided by the chosen speed. Without this script the slider and its button
// show any moment.
(() => {
  "use strict";
  const AT_LEAST = 400; // ms between two moments
  const AT_MOST = 4000;
  const form = document.getElementById("player-form");
  const slider = document.getElementById("frame");
  const play = document.getElementById("play");
  const speed = document.getElementById("speed");
  let frames = [], timer, asked = 0;
  for (const el of [play, speed, document.getElementById("speed-label")]) el.hidden = false;

  async function show(n) {
    const mine = ++asked;
    const to = new URL(location);
    to.searchParams.set("frame", n);
    const answer = await fetch(to);
    if (!answer.ok || mine !== asked) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["moment", "cite"]) document.getElementById(id).replaceWith(fresh.getElementById(id));
    history.replaceState(null, "", to);
  }

  async function load() {
    if (frames.length) return;
    const answer = await fetch(form.dataset.data);
    if (answer.ok) frames = (await answer.json()).frames.map((f) => Date.parse(f.at));
  }

  function stop() {
    clearTimeout(timer);
    timer = undefined;
    play.textContent = form.dataset.play;
  }

  async function step() {
    const n = Number(slider.value) + 1;
    if (n > Number(slider.max)) return stop();
    slider.value = n;
    await show(n);
    if (timer === undefined) return; // paused meanwhile
    const gap = n < frames.length ? (frames[n] - frames[n - 1]) / Number(speed.value) : AT_LEAST;
    timer = setTimeout(step, Math.min(AT_MOST, Math.max(AT_LEAST, gap)));
  }

  play.addEventListener("click", async () => {
    if (timer !== undefined) return stop();
    play.textContent = form.dataset.pause;
    timer = 0;
    await load();
    if (timer === 0) step();
  });
  slider.addEventListener("change", () => show(slider.value));
  form.addEventListener("submit", (event) => { event.preventDefault(); show(slider.value); });
})();
