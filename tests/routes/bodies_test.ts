import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { Bodies } from "../../routes/middleware/bodies.ts";

const tooLarge = () => new ScimError(413, undefined, "too large");

/** A body of so many chunks; tells when it is cancelled. */
function stream(
  chunks: number,
  size: number,
  { pause = 0, cancelled = () => {} } = {},
): ReadableStream<Uint8Array> {
  let left = chunks;
  return new ReadableStream({
    async pull(controller) {
      if (left-- === 0) return controller.close();
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      controller.enqueue(new Uint8Array(size).fill(chunks - left));
    },
    cancel: () => cancelled(),
  }, { highWaterMark: 0 });
}

Deno.test("Bodies.receive() joins the chunks and counts them until they are disposed of", async () => {
  const bodies = new Bodies();
  {
    using body = await bodies.receive(stream(3, 2), 6, tooLarge);
    deepStrictEqual([...new Uint8Array(body.bytes)], [1, 1, 2, 2, 3, 3]);
    strictEqual(bodies.held, 6);
  }
  strictEqual(bodies.held, 0);
});

Deno.test("Bodies.receive() stops reading a body that is too large", async () => {
  const bodies = new Bodies();
  let isCancelled = false;
  const endless = stream(1_000_000, 10, {
    cancelled: () => isCancelled = true,
  });
  await rejects(bodies.receive(endless, 25, tooLarge), { status: 413 });
  strictEqual(isCancelled, true);
  strictEqual(bodies.held, 0);
});

Deno.test("Bodies.receive() refuses with 503 what does not fit beside the others", async () => {
  const bodies = new Bodies({ inMemory: 100 });
  const first = await bodies.receive(stream(8, 10), 100, tooLarge);
  const refused = bodies.receive(stream(3, 10), 100, tooLarge);
  await rejects(refused, (error: ScimError) => {
    strictEqual(error.status, 503);
    strictEqual(error.headers["Retry-After"], "5");
    return true;
  });
  strictEqual(bodies.held, 80);
  using small = await bodies.receive(stream(2, 10), 100, tooLarge);
  strictEqual(small.bytes.byteLength, 20);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  strictEqual(bodies.held, 20);
});

Deno.test("Bodies.receive() counts what arrives, not what may come", async () => {
  const bodies = new Bodies({ inMemory: 100 });
  const open: ReadableStreamDefaultController<Uint8Array>[] = [];
  const slow = Array.from({ length: 50 }, () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(1));
        open.push(controller);
      },
    });
    return bodies.receive(body, 100, tooLarge);
  });
  {
    using quick = await bodies.receive(stream(1, 50), 100, tooLarge);
    strictEqual(quick.bytes.byteLength, 50);
    strictEqual(bodies.held, 100);
  }
  for (const controller of open) controller.close();
  for (const body of await Promise.all(slow)) body[Symbol.dispose]();
  strictEqual(bodies.held, 0);
});

Deno.test("Bodies.receive() gives up a body that stops, and frees what it took", async () => {
  const bodies = new Bodies({ within: 30 });
  let isCancelled = false;
  const stuck = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(5)),
    cancel: () => {
      isCancelled = true;
    },
  });
  await rejects(bodies.receive(stuck, 100, tooLarge), { status: 408 });
  strictEqual(isCancelled, true);
  strictEqual(bodies.held, 0);
});

Deno.test("Bodies.receive() gives a body more time as it arrives", async () => {
  const bodies = new Bodies({ within: 50, bytesPerSecond: 0.001 });
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new Uint8Array(1));
      await new Promise((resolve) => setTimeout(resolve, 300));
      controller.enqueue(new Uint8Array(1));
      controller.close();
    },
  });
  using received = await bodies.receive(body, 100, tooLarge);
  strictEqual(received.bytes.byteLength, 2);
});

Deno.test("Bodies.receive() frees what a body took whose sender goes away", async () => {
  const bodies = new Bodies();
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(5));
    },
    pull(controller) {
      controller.error(new Error("reset"));
    },
  });
  await rejects(bodies.receive(broken, 100, tooLarge), /reset/);
  strictEqual(bodies.held, 0);
});
