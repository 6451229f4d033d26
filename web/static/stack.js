// The list of what somebody depends on: search that adds, and files that are read here
// and sent nowhere. Without this script the list is typed.
(() => {
  "use strict";
  const form = document.getElementById("stack-form");
  if (!form) return;
  const MOST = 200;
  const by = (id) => document.getElementById(id);
  const list = by("stack-of"), said = by("stack-said"), found = by("stack-found"), search = by("stack-search");
  for (const el of form.querySelectorAll("[data-script]")) el.hidden = false;

  // What packages talk to: the beginning of a package's name, in any registry, and the service.
  const services = Object.entries({
    "stripe.com": "stripe @stripe/ github.com/stripe/ async-stripe", "twilio.com": "twilio github.com/twilio/",
    aws: "aws-sdk @aws-sdk/ boto3 botocore github.com/aws/ aws-config aws-sdk- aws_", "sendgrid.com": "@sendgrid/ sendgrid github.com/sendgrid/",
    "google-cloud": "@google-cloud/ google-cloud- cloud.google.com/go google_", "firebase.google.com": "firebase firebase-admin firebase.google.com/",
    azure: "@azure/ azure- github.com/azure/ azurerm_", "openai.com": "openai github.com/openai/ github.com/sashabaranov/go-openai async-openai",
    "anthropic.com": "@anthropic-ai/ anthropic github.com/anthropics/", "sentry.io": "@sentry/ sentry-sdk github.com/getsentry/ sentry",
    "datadoghq.com": "dd-trace datadog @datadog/ github.com/datadog/ gopkg.in/datadog/ ddtrace datadog_", "newrelic.com": "newrelic @newrelic/ github.com/newrelic/",
    "slack.com": "@slack/ slack-sdk slack_sdk github.com/slack-go/", "discord.com": "discord.js discord.py github.com/bwmarrin/discordgo serenity",
    "github.com": "@octokit/ octokit pygithub github.com/google/go-github octocrab github_", "gitlab.com": "@gitbeaker/ python-gitlab gitlab.com/ gitlab_",
    "auth0.com": "auth0 @auth0/ github.com/auth0/ auth0_", "okta.com": "@okta/ okta github.com/okta/ okta_", "clerk.com": "@clerk/ clerk-",
    "supabase.com": "@supabase/ supabase", "vercel.com": "@vercel/ vercel_", "netlify.com": "netlify @netlify/ netlify_",
    cloudflare: "cloudflare @cloudflare/ wrangler github.com/cloudflare/ cloudflare_", fastly: "@fastly/ fastly github.com/fastly/ fastly_",
    "digitalocean": "digitalocean github.com/digitalocean/ digitalocean_", "heroku.com": "heroku heroku_", "mongodb.com": "mongodb-atlas mongodbatlas_",
    "algolia.com": "algoliasearch @algolia/ github.com/algolia/", "contentful.com": "contentful @contentful/", "shopify.com": "@shopify/ shopify",
    "paypal.com": "@paypal/ paypalrestsdk paypal", "braintreepayments.com": "braintree", "mailchimp.com": "@mailchimp/ mailchimp", "mailgun.com": "mailgun github.com/mailgun/",
    "segment.com": "@segment/ analytics-node segment-", "mixpanel.com": "mixpanel", "amplitude.com": "@amplitude/ amplitude", "posthog.com": "posthog",
    "intercom.com": "intercom @intercom/", "zendesk.com": "zendesk node-zendesk", "hubspot.com": "@hubspot/ hubspot", "salesforce.com": "jsforce simple-salesforce",
    "launchdarkly.com": "launchdarkly @launchdarkly/ github.com/launchdarkly/", "pusher.com": "pusher github.com/pusher/", "ably.com": "ably github.com/ably/",
    "cloudinary.com": "cloudinary", "mapbox.com": "mapbox @mapbox/", "dropbox.com": "dropbox", "notion.com": "@notionhq/ notion-client", "airtable.com": "airtable pyairtable",
    "huggingface.co": "@huggingface/ huggingface-hub transformers", "snowflake.com": "snowflake- github.com/snowflakedb/ snowflake_", "pagerduty.com": "pagerduty @pagerduty/ pdpyras pagerduty_",
  }).flatMap(([service, starts]) => starts.split(" ").map((start) => [start, service]));
  const serviceOf = (name) => services.find(([start]) => name === start || (/[/_-]$/.test(start) ? name.startsWith(start) : name.startsWith(start + "-") || name.startsWith(start + "/")))?.[1];

  const local = /^(localhost|[\d.:[\]]+)$|\.(local|internal|lan|test|localhost|invalid|consul|svc)$/;
  const host = (text) => {
    try { text = new URL(text.includes("://") ? text : "https://" + text).hostname; } catch { return ""; }
    return text.includes(".") && !local.test(text) ? text : "";
  };
  const lines = (text) => text.split(/\r?\n/).map((line) => line.replace(/\s*(#|\/\/).*$/, "").trim());

  // Each reader takes a text apart: names of packages, hosts and things, or nothing where
  // the text is of another kind.
  function fromJSON(text) {
    let data;
    try { data = JSON.parse(text); } catch { return; }
    if (data?.log?.entries) return { hosts: data.log.entries.map((entry) => entry.request?.url ?? "") }; // HAR
    if (data?.bomFormat === "CycloneDX") {
      const purl = (part) => decodeURIComponent((part.purl ?? "").replace(/^pkg:[^/]+\//, "").replace(/[@?#][^/]*$/, ""));
      return {
        packages: (data.components ?? []).map((part) => purl(part) || [part.group, part.name].filter(Boolean).join("/")),
        hosts: (data.services ?? []).flatMap((service) => service.endpoints ?? []),
      };
    }
    if (Array.isArray(data?.resources) && "version" in data) { // Terraform state
      const out = { packages: [], things: [] };
      for (const resource of data.resources) {
        out.packages.push(resource.type ?? "");
        if (!/^aws_/.test(resource.type)) continue;
        for (const instance of resource.instances ?? []) {
          const a = instance.attributes ?? {}, region = a.region ?? /^arn:aws[^:]*:[^:]*:([a-z]+-[a-z]+-\d)/.exec(a.arn ?? "")?.[1] ?? a.availability_zone?.slice(0, -1);
          if (/^[a-z]{2}(-[a-z]+)+-\d$/.test(region ?? "")) out.things.push("cloud:aws/" + region);
        }
      }
      return out;
    }
    const packages = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((key) => Object.keys(data?.[key] ?? {}));
    return { packages };
  }
  function fromLines(text) {
    const all = lines(text), out = { packages: [], hosts: [] };
    if (/^module\s/m.test(text)) { // go.mod
      for (const line of all) {
        const m = /^(?:require\s+)?([\w.-]+\.[a-z]+\/\S+)\s+v\d/.exec(line);
        if (m) out.packages.push(m[1]);
      }
    } else if (/^\s*\[(?:[\w.]+\.)?(?:dev-|build-)?dependencies/m.test(text)) { // Cargo.toml
      let inside = false;
      for (const line of all) {
        const table = /^\[(.*)\]$/.exec(line)?.[1];
        if (table) {
          const named = /dependencies\.([\w-]+)$/.exec(table);
          inside = /dependencies$/.test(table);
          if (named) out.packages.push(named[1]);
        } else if (inside && /^[\w-]+\s*[=.]/.test(line)) out.packages.push(/^[\w-]+/.exec(line)[0]);
      }
    } else if (/^\s*(upstream|server|proxy_pass|fastcgi_pass|grpc_pass)\s[^;{]*[;{]/m.test(text)) { // nginx
      const hosted = /\b(?:server|proxy_pass|grpc_pass|fastcgi_pass|uwsgi_pass)\s+((?:https?|grpcs?):\/\/)?([\w.-]+\.[a-z]{2,})/g;
      for (const m of text.replace(/#.*$/gm, "").matchAll(hosted)) out.hosts.push(m[2]);
    } else { // requirements.txt, or names one a line
      for (const line of all) {
        if (!line || line.startsWith("-")) continue;
        if (/^[\w:~/-]+\.[a-z.]+(\/|$)|^[a-z]+:\S+$|:\/\//i.test(line)) out.hosts.push(line);
        else out.packages.push(/^[\w.-]+/.exec(line)?.[0] ?? line);
      }
    }
    return out;
  }

  function read(text) {
    const { packages = [], hosts = [], things = [] } = fromJSON(text) ?? fromLines(text);
    const add = new Set(things);
    let left = 0;
    for (const name of new Set(packages)) {
      const service = serviceOf(name.toLowerCase().replaceAll("_", name.includes("_") && /^(aws|google|azurerm|cloudflare|fastly|digitalocean|heroku|okta|auth0|github|gitlab|datadog|pagerduty|vercel|netlify|mongodbatlas|snowflake)_/.test(name) ? "_" : "-"));
      if (service) add.add(service); else left++;
    }
    for (const address of new Set(hosts)) {
      const name = /^[a-z]+:[^/]/.test(address) && !address.includes("://") ? address : host(address);
      if (name) add.add(name); else left++;
    }
    return { add: [...add], left };
  }

  const names = () => list.value.split(/[\n,]/).map((name) => name.trim()).filter(Boolean);
  function join(more) {
    const all = [...new Set([...names(), ...more])], before = names().length;
    list.value = all.slice(0, MOST).join("\n");
    return { added: Math.min(all.length, MOST) - before, full: all.length > MOST };
  }
  function take(text) {
    if (!text.trim()) return;
    const { add, left } = read(text), { added, full } = join(add);
    const say = [form.dataset.found.replace("{}", added)];
    if (left) say.push(form.dataset.left.replace("{}", left));
    if (full) say.push(form.dataset.full);
    said.textContent = say.join(" ");
  }
  by("stack-paste").addEventListener("input", (event) => take(event.target.value));
  by("stack-file").addEventListener("change", async (event) => {
    for (const file of event.target.files) take(await file.text());
  });

  let due;
  search.addEventListener("input", () => { clearTimeout(due); due = setTimeout(look, 250); });
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); look(); } });
  async function look() {
    const text = search.value.trim();
    if (!text) return void (found.hidden = true);
    let answer;
    try { answer = await (await fetch(form.dataset.search + "?q=" + encodeURIComponent(text))).json(); } catch { return; }
    if (search.value.trim() !== text) return;
    found.replaceChildren(...(answer.things ?? []).slice(0, 8).map((thing) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.textContent = `${form.dataset.add}: ${thing.name || thing.id}` + (thing.name && thing.name !== thing.id ? ` (${thing.id})` : "");
      button.addEventListener("click", () => { said.textContent = form.dataset.found.replace("{}", join([thing.id]).added); });
      item.append(button);
      return item;
    }));
    found.hidden = !found.children.length;
  }

  // The name of the list stands behind the #, which browsers do not send.
  const called = by("stack-called");
  function name() {
    const text = decodeURIComponent(/[#&]name=([^&]*)/.exec(location.hash)?.[1] ?? "");
    if (!text) return;
    called.value = text;
    by("stack-name").textContent = text;
    document.title = text + ": " + document.title;
  }
  name();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams(new FormData(form));
    query.set("of", names().join(","));
    location.href = form.action + "?" + query + (called.value ? "#name=" + encodeURIComponent(called.value) : "");
  });
})();
