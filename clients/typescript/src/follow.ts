// A stream of changes that goes on where it was cut off.
import type { components } from "./schema.js";

export type Change =
  | { type: "incident"; data: components["schemas"]["Incident"] }
  | { type: "coverage"; data: components["schemas"]["Coverage"] }
  | { type: "reset" };

export interface FollowOptions {
  signal?: AbortSignal; // ends the stream
  token?: string; // more streams at once
  fetch?: typeof fetch;
}

const firstPause = 1_000; // milliseconds
const longestPause = 60_000;

// Refused is thrown when the server does not take the query, or the token.
export class Refused extends Error {
  constructor(readonly status: number, readonly problem: components["schemas"]["Problem"] | undefined) {
    super(`${status}: ${problem?.detail ?? "refused"}`);
  }
}

// follow yields what is open now, then each change as it happens. filter has the parameters of
// /v1/stream, such as kind or of.
export async function* follow(
  baseUrl: string, filter: Record<string, string> = {}, options: FollowOptions = {},
): AsyncGenerator<Change> {
  const state = { last: "", pause: firstPause };
  while (!options.signal?.aborted) {
    try {
      yield* once(baseUrl, filter, options, state);
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
    }
    await wait(state.pause / 2 + Math.random() * state.pause, options.signal);
    state.pause = Math.min(2 * state.pause, longestPause);
  }
}

// once reads one connection to its end.
async function* once(
  baseUrl: string, filter: Record<string, string>, options: FollowOptions, state: { last: string; pause: number },
): AsyncGenerator<Change> {
  const query = new URLSearchParams(filter);
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (state.last === "") query.set("snapshot", "1");
  else headers["Last-Event-ID"] = state.last;
  if (options.token) headers.Authorization = `Bearer ${options.token}`;
  const address = `${baseUrl.replace(/\/+$/, "")}/v1/stream?${query}`;
  const answer = await (options.fetch ?? fetch)(address, { headers, signal: options.signal });
  if (!answer.ok || !answer.body) throw new Refused(answer.status, await answer.json().catch(() => undefined));
  state.pause = firstPause;
  for await (const event of events(answer.body)) {
    if (event.id !== undefined) state.last = event.id;
    if (event.type === "incident" || event.type === "coverage") {
      yield { type: event.type, data: JSON.parse(event.data) } as Change;
    } else if (event.type === "reset") {
      yield { type: "reset" };
    }
  }
}

// events takes server-sent events apart (HTML Living Standard, section 9.2).
async function* events(body: ReadableStream<Uint8Array>) {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  let id: string | undefined;
  let type = "";
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n/);
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "") {
          if (type !== "" || data.length > 0) yield { id, type, data: data.join("\n") };
          [id, type, data] = [undefined, "", []];
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "id") id = text;
        else if (field === "event") type = text;
        else if (field === "data") data.push(text);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

// wait resolves after some milliseconds, or when the signal is aborted.
function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
