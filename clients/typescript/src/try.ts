// Reads a drill at FAULTLINE_URL: the list, then the stream, which is cut off once and must go on.
import assert from "node:assert/strict";
import { createClient, follow } from "./index.js";

const baseUrl = process.env.FAULTLINE_URL!;
const client = createClient({ baseUrl });
const { data } = await client.GET("/v1/incidents", { params: { query: { cause: ["cdn:fastly", "cdn:akamai"] } } });
const incident = data!.incidents[0];
assert.equal(incident.cause?.component, "cdn:fastly");

// The first connection ends after the first event that has a position.
const positions: (string | null)[] = [];
const cutting: typeof fetch = async (address, init) => {
  positions.push(new Headers(init?.headers).get("Last-Event-ID"));
  const answer = await fetch(address, init);
  if (positions.length > 1) return answer;
  let seen = "";
  const cut = new TransformStream<string, string>({
    transform(chunk, out) {
      out.enqueue(chunk);
      seen += chunk;
      if (/^id: ?\S+\r?\n(.*\r?\n)*\r?\n/m.test(seen)) out.terminate();
    },
  });
  const text = answer.body!.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>);
  return new Response(text.pipeThrough(cut).pipeThrough(new TextEncoderStream()), { status: 200 });
};
const end = new AbortController();
const revisions: number[] = [];
for await (const change of follow(baseUrl, { cause: "cdn:fastly" }, { fetch: cutting, signal: end.signal })) {
  if (change.type !== "incident") continue;
  revisions.push(change.data.revision);
  if (positions.length > 1 && revisions.length > 1) break;
}
end.abort();
assert.deepEqual(revisions, [...new Set(revisions)].sort((a, b) => a - b), "each revision once, in order");
assert.ok(positions[0] === null && positions[1], "the second connection says where it goes on");
console.log(`clients/typescript: ${incident.title}: revisions ${revisions.join(", ")}, cut off once`);
