// A key of one's own: the work that it costs is done here, and what the key has is shown
// and changed. The key is kept nowhere but in the field.
(() => {
  "use strict";
  const box = document.getElementById("key");
  if (!box) return;
  const by = (id) => document.getElementById(id), say = box.dataset, at = say.at;
  const said = by("key-said"), token = by("key-token"), list = by("key-hooks"), form = by("key-form");
  for (const el of box.querySelectorAll("[data-script]")) el.hidden = false;

  // SHA-256 (FIPS 180-4) of a text that fits one block; the first 32 bits are what counts.
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const part = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  const K = primes.map((p) => part(Math.cbrt(p))), H = primes.slice(0, 8).map((p) => part(Math.sqrt(p)));
  const W = new Int32Array(64), rot = (x, n) => (x >>> n) | (x << (32 - n));
  function first(text) {
    W.fill(0);
    for (let i = 0; i < text.length; i++) W[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    W[text.length >> 2] |= 128 << (24 - 8 * (text.length & 3));
    W[15] = text.length * 8;
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15], y = W[i - 2];
      W[i] = W[i - 16] + (rot(x, 7) ^ rot(x, 18) ^ (x >>> 3)) + W[i - 7] + (rot(y, 17) ^ rot(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = H;
    for (let i = 0; i < 64; i++) {
      const t = (h + (rot(e, 6) ^ rot(e, 11) ^ rot(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const u = ((rot(a, 2) ^ rot(a, 13) ^ rot(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
    }
    return (H[0] + a) | 0;
  }
  const rest = () => new Promise((done) => setTimeout(done));
  async function solve({ prefix, bits }) {
    for (let n = 0; ; n++) {
      if (Math.clz32(first(prefix + n)) >= bits) return String(n);
      if (n % 20000 === 0) await rest();
    }
  }

  async function ask(method, path, body, key = token.value.trim()) {
    const headers = {};
    if (key) headers.Authorization = "Bearer " + key;
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(at + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text(), data = text ? JSON.parse(text) : {};
    if (!answer.ok) throw new Error([data.detail, ...(data.errors ?? []).map((e) => `${e.pointer ?? e.parameter ?? ""} ${e.detail}`)].join(" "));
    return data;
  }
  // Each button does one thing, and says what came of it.
  function on(button, act) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      said.textContent = say.working;
      try { said.textContent = (await act()) ?? say.done; } catch (error) { said.textContent = say.failed.replace("{}", error.message); }
      button.disabled = false;
    });
  }
  function button(text, act) {
    const el = document.createElement("button");
    el.type = "button";
    el.textContent = text;
    on(el, act);
    return el;
  }
  async function show() {
    const { webhooks } = await ask("GET", "/v1/keys/mine");
    list.replaceChildren(...(webhooks ?? []).map(row));
    form.hidden = false;
    return webhooks?.length ? say.done : say.none;
  }
  function row(hook) {
    const item = document.createElement("li"), path = "/v1/webhooks/" + hook.id;
    const change = (text, method, rest, body) => button(text, async () => { await ask(method, path + rest, body?.()); await show(); });
    item.append(`${hook.url} (${hook.state === "active" ? say.active : say.unconfirmed}) `);
    if (hook.state === "active") item.append(change(say.test, "POST", "/test"));
    else {
      const code = document.createElement("input");
      code.type = "text";
      code.setAttribute("aria-label", say.code);
      code.placeholder = say.code;
      item.append(code, change(say.confirm, "POST", "/confirm", () => ({ code: code.value.trim() })));
    }
    item.append(change(say.end, "DELETE", ""));
    return item;
  }

  on(by("key-make"), async () => {
    const challenge = await ask("POST", "/v1/keys/challenge", undefined, "");
    const made = await ask("POST", "/v1/keys", { challenge: challenge.challenge, solution: await solve(challenge) }, "");
    token.value = made.token;
    await show();
    return say.made;
  });
  on(by("key-show"), show);
  on(by("key-rotate"), async () => { token.value = (await ask("POST", "/v1/keys/mine/rotate")).token; return say.made; });
  on(by("key-revoke"), async () => {
    await ask("DELETE", "/v1/keys/mine");
    token.value = "";
    list.replaceChildren();
    form.hidden = true;
    return say.revoked;
  });
  on(by("key-add"), async () => {
    const hook = await ask("POST", "/v1/webhooks", { url: by("key-url").value.trim(), filter: by("key-filter").value.trim(), format: by("key-format").value });
    await show();
    return say.secret.replace("{}", hook.secret);
  });
})();
