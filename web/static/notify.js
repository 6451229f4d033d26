// The button that asks for notifications about what a page is about, and ends them. What this
// browser follows is kept in it; the server is sent the list, and keeps nothing else. Where
// the browser has no notifications the button stays hidden.
(() => {
  "use strict";
  const RENEW = 7 * 24 * 3600e3; // ms between two renewals; the server forgets after 60 days
  const section = document.getElementById("notify");
  if (!section || !("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  const { of, worker, to, ...words } = section.dataset;
  const button = document.getElementById("notify-me"), said = document.getElementById("notify-said");
  const names = of.split(",");

  let kept = { of: [], at: 0 };
  try { kept = { ...kept, ...JSON.parse(localStorage.getItem("notify")) }; } catch { /* nothing is kept */ }
  if (Notification.permission !== "granted") kept.of = [];
  const follows = () => names.every((name) => kept.of.includes(name));
  function show(text) {
    button.textContent = follows() ? words.stop : words.start;
    said.textContent = text ?? (follows() ? words.on : words.off);
  }
  function keep(list) {
    kept = { of: list, at: Date.now() };
    try { localStorage.setItem("notify", JSON.stringify(kept)); } catch { /* for this page alone */ }
  }

  async function send(method, body) {
    const answer = await fetch(to, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(answer.status);
  }
  // subscribed is the subscription of this browser: the one that there is, or else a new one.
  async function subscribed() {
    const answer = await fetch(to);
    if (!answer.ok) throw new Error(answer.status);
    const options = { userVisibleOnly: true, applicationServerKey: (await answer.json()).public_key };
    const { pushManager } = await navigator.serviceWorker.register(worker);
    try {
      return await pushManager.subscribe(options);
    } catch (error) { // it was made with another key of the server
      const old = await pushManager.getSubscription();
      if (!old) throw error;
      await old.unsubscribe();
      return pushManager.subscribe(options);
    }
  }
  async function follow(list) {
    const { endpoint, keys } = (await subscribed()).toJSON();
    await send("POST", { endpoint, keys, of: list.join(","), lang: document.documentElement.lang });
    keep(list);
  }
  async function end() {
    const there = await navigator.serviceWorker.getRegistration(worker);
    const old = await there?.pushManager.getSubscription();
    if (old) {
      await send("DELETE", { endpoint: old.endpoint });
      await old.unsubscribe();
    }
    keep([]);
  }

  async function change() {
    const rest = kept.of.filter((name) => !names.includes(name));
    if (!follows()) {
      if ((await Notification.requestPermission()) !== "granted") return words.denied;
      await follow([...rest, ...names]);
    } else if (rest.length) {
      await follow(rest);
    } else {
      await end();
    }
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    let text = words.failed;
    try { text = await change(); } catch { /* it is said that it failed */ }
    button.disabled = false;
    show(text);
  });
  show();
  section.classList.remove("wait");
  if (kept.of.length && Date.now() - kept.at > RENEW) follow(kept.of).catch(() => {}); // the next page tries again
})();
