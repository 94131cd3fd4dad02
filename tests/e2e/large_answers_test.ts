import { ok } from "node:assert/strict";
import { streamedResponse } from "../../routes/scim/answers.ts";
import { processTest } from "./process.ts";

/** What comes back over a connection for one request, as it is on the wire. */
async function rawAnswer(port: number, path: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request =
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let answer = "";
  for (;;) {
    const read = await connection.read(buffer).catch(() => null);
    if (read === null) return answer;
    answer += decoder.decode(buffer.subarray(0, read), { stream: true });
  }
}

async function* texts(fails: boolean): AsyncGenerator<string> {
  yield "{";
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (fails) throw new Error("the set is gone");
  yield "}";
}

processTest(
  "an answer that is cut off lacks the chunk that ends a whole one",
  async () => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) =>
        streamedResponse(texts(request.url.endsWith("/cut")), 200, {}),
    );
    const whole = await rawAnswer(server.addr.port, "/whole");
    ok(whole.endsWith("\r\n0\r\n\r\n"), whole);
    const cut = await rawAnswer(server.addr.port, "/cut");
    ok(cut.startsWith("HTTP/1.1 200") && cut.includes("{"), cut);
    ok(!cut.endsWith("0\r\n\r\n"), cut);
  },
);
