import { ok, rejects, strictEqual } from "node:assert/strict";
import { streamedResponse } from "../../../routes/scim/answers.ts";

/** Texts, and whether somebody has asked for them or ended them. */
function texts(
  make: () => AsyncGenerator<string>,
): { generator: AsyncGenerator<string>; begun: boolean; ended: boolean } {
  const state = { generator: watched(), begun: false, ended: false };
  async function* watched(): AsyncGenerator<string> {
    state.begun = true;
    try {
      yield* make();
    } finally {
      state.ended = true;
    }
  }
  return state;
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield "x";
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("A streamed answer holds all texts in their order", async () => {
  const { generator } = texts(async function* () {
    yield '{"a":';
    yield '"é"}';
  });
  const response = streamedResponse(generator, 201, { ETag: "1" });
  strictEqual(response.status, 201);
  strictEqual(response.headers.get("ETag"), "1");
  strictEqual(response.headers.get("Content-Length"), null);
  strictEqual(
    response.headers.get("Content-Type"),
    "application/scim+json",
  );
  strictEqual(await response.text(), '{"a":"é"}');
});

Deno.test("A streamed answer that fails in the middle does not end as a whole one", async () => {
  const { generator } = texts(async function* () {
    yield "{";
    throw new Error("the store is gone");
  });
  const reasons: string[] = [];
  const response = streamedResponse(generator, 200, {}, {
    onCutOff: (reason) => reasons.push(String(reason)),
  });
  await rejects(response.text(), /the store is gone/);
  strictEqual(reasons.join(), "Error: the store is gone");
});

Deno.test("Nothing of a streamed answer is made before somebody reads it", async () => {
  const state = texts(endless);
  const response = streamedResponse(state.generator, 200, {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  strictEqual(state.begun, false);
  await response.body?.cancel();
});

Deno.test("The making of a streamed answer ends when the client goes away", async () => {
  const made = Promise.withResolvers<void>();
  const state = texts(async function* () {
    yield "{";
    await made.promise;
    yield "}";
  });
  const reasons: unknown[] = [];
  const response = streamedResponse(state.generator, 200, {}, {
    onCutOff: (reason) => reasons.push(reason),
  });
  const reader = response.body?.getReader();
  await reader?.read();
  const pending = reader?.read();
  // The next text is being made when the client goes.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const gone = reader?.cancel();
  made.resolve();
  await gone;
  strictEqual((await pending)?.done, true);
  ok(state.ended);
  // What was being made meanwhile is dropped, and nobody is troubled with it.
  await new Promise((resolve) => setTimeout(resolve, 20));
  strictEqual(reasons.length, 0);
});

Deno.test("A streamed answer of which a client takes nothing for long is cut off", async () => {
  const state = texts(endless);
  const reasons: string[] = [];
  const response = streamedResponse(state.generator, 200, {}, {
    stalledAfter: 30,
    onCutOff: (reason) => reasons.push(String(reason)),
  });
  const reader = response.body?.getReader();
  await reader?.read();
  while (!state.ended) await new Promise((resolve) => setTimeout(resolve, 5));
  await rejects(async () => await reader?.read(), /takes nothing/);
  strictEqual(reasons.length, 1);
});

Deno.test("A streamed answer goes on however long it takes, as long as it is taken", async () => {
  const { generator } = texts(async function* () {
    for (let i = 0; i < 40; i++) {
      yield "x";
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  // The client takes each bit at once; all of them take longer than a pause may.
  const response = streamedResponse(generator, 200, {}, { stalledAfter: 150 });
  strictEqual(await response.text(), "x".repeat(40));
});
