/**
 * The parts of the benchmark that decide what its figures mean.
 * @module
 */

import {
  deepStrictEqual,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
import { rotated } from "../bench/bench.ts";
import { AnswerReader, type ByteSource, requestBytes } from "../bench/http.ts";
import { readOptions } from "../bench/options.ts";
import { managerOf, randomFrom, userBody } from "../bench/people.ts";
import { median, percentile, summarise } from "../bench/statistics.ts";
import { figure, renderTable } from "../bench/table.ts";

/** A connection that gives bytes in pieces of some size. */
function connection(text: string, piece: number): ByteSource {
  let rest = new TextEncoder().encode(text);
  return {
    read(into) {
      if (rest.length === 0) return Promise.resolve(null);
      const size = Math.min(piece, into.length, rest.length);
      into.set(rest.subarray(0, size));
      rest = rest.slice(size);
      return Promise.resolve(size);
    },
  };
}

const PLAIN = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\nhell!";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "5\r\nfirst\r\nb\r\n and second\r\n0\r\n\r\n";
const EMPTY = "HTTP/1.1 204 No Content\r\nVary: Accept\r\n\r\n";

Deno.test("AnswerReader reads bodies with a length, in chunks and none, one after the other", async () => {
  for (const piece of [1, 7, 1_000]) {
    const reader = new AnswerReader(
      connection(PLAIN + CHUNKED + EMPTY + PLAIN, piece),
    );
    const answers = [];
    for (let i = 0; i < 4; i++) {
      const { status, size, body } = await reader.read(true);
      answers.push({ status, size, body });
    }
    deepStrictEqual(answers, [
      { status: 200, size: 5, body: "hell!" },
      { status: 200, size: 16, body: "first and second" },
      { status: 204, size: 0, body: "" },
      { status: 200, size: 5, body: "hell!" },
    ]);
  }
});

Deno.test("AnswerReader keeps a body that says what was wrong, and no other unless asked", async () => {
  const refused = "HTTP/1.1 409 Conflict\r\ncontent-length: 5\r\n\r\ntaken";
  const reader = new AnswerReader(connection(PLAIN + refused, 10));
  strictEqual((await reader.read(false)).body, undefined);
  strictEqual((await reader.read(false)).body, "taken");
});

Deno.test("AnswerReader reads characters that are cut by the pieces of a connection", async () => {
  const body = "größer, 大きい";
  const size = new TextEncoder().encode(body).length;
  const text = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${body}`;
  const reader = new AnswerReader(connection(text, 3));
  strictEqual((await reader.read(true)).body, body);
});

Deno.test("AnswerReader reads a body that is longer than its buffer", async () => {
  const body = "0123456789".repeat(100_000);
  const text =
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answer = await new AnswerReader(connection(text, 65_536)).read(true);
  strictEqual(answer.size, 1_000_000);
  ok(answer.body === body);
});

Deno.test("AnswerReader refuses an answer whose connection ends before it does", async () => {
  const reader = new AnswerReader(connection(PLAIN.slice(0, -1), 100));
  await rejects(reader.read(false), /ended before the answer/);
});

Deno.test("AnswerReader refuses what is not an HTTP/1.1 answer", async () => {
  const reader = new AnswerReader(connection("SSH-2.0-x\r\n", 100));
  await rejects(reader.read(false), SyntaxError);
});

Deno.test("requestBytes counts the length of a body in bytes", () => {
  const bytes = requestBytes(
    { method: "POST", path: "/Users", body: '{"a":"ö"}' },
    "secret",
  );
  const text = new TextDecoder().decode(bytes);
  ok(text.startsWith("POST /Users HTTP/1.1\r\nHost: localhost\r\n"));
  ok(text.includes("\r\nAuthorization: Bearer secret\r\n"));
  ok(text.endsWith('\r\nContent-Length: 10\r\n\r\n{"a":"ö"}'));
});

Deno.test("requestBytes sends neither type nor length without a body", () => {
  const bytes = requestBytes({ method: "GET", path: "/" }, "secret");
  ok(!new TextDecoder().decode(bytes).includes("Content-"));
});

Deno.test("percentile takes the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  strictEqual(percentile(hundred, 0.5), 50);
  strictEqual(percentile(hundred, 0.99), 99);
  strictEqual(percentile([7], 0.99), 7);
  strictEqual(percentile([], 0.5), 0);
});

Deno.test("median is the middle of an odd number and the mean of the middle two of an even one", () => {
  strictEqual(median([3, 1, 20]), 3);
  strictEqual(median([4, 1, 2, 30]), 3);
});

Deno.test("summarise sorts by number, not by text", () => {
  deepStrictEqual(summarise([100, 9, 20]), { p50: 20, p99: 100, max: 100 });
});

Deno.test("rotated begins where a sequence was left and leaves nothing out", () => {
  deepStrictEqual(rotated(["a", "b", "c"], 4), ["b", "c", "a"]);
  deepStrictEqual(rotated([], 4), []);
});

Deno.test("renderTable says of each aim whether it is met, and lines up", () => {
  const lines = renderTable([
    {
      work: "get",
      what: "GET user",
      concurrency: 16,
      server: 1_234.5,
      against: 2_000,
      unit: "req/s",
      ratio: 0.617,
      processorRatio: 0.7,
      p50: 0.512,
      p99: 12.34,
      aim: { text: "≥ 0.7", met: false },
    },
    {
      work: "load",
      what: "load",
      server: 3,
      unit: "s",
      note: "quick",
      aim: { text: "< 5", met: true },
    },
  ]).split("\n");
  const cells = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  deepStrictEqual(cells[2]?.slice(1, -1), [
    "GET user",
    "16",
    "1235",
    "2000",
    "req/s",
    "0.62",
    "0.70",
    "0.51",
    "12.3",
    "MISSED: ≥ 0.7",
  ]);
  deepStrictEqual(cells[3]?.slice(1, 4), ["load (quick)", "", "3.00"]);
  ok(lines[3]?.includes("met: < 5"));
  strictEqual(new Set(lines.map(({ length }) => length)).size, 1);
});

Deno.test("figure shows three digits that mean something", () => {
  deepStrictEqual([0.126, 12.34, 123.4, undefined].map(figure), [
    "0.13",
    "12.3",
    "123",
    "",
  ]);
});

Deno.test("readOptions reads sizes and lists, and has a default for each", () => {
  const options = readOptions(
    ["--users", "5000", "--concurrency", "1,16", "--only=get,scan"],
  );
  deepStrictEqual(options, {
    users: 5_000,
    members: 5_000,
    runs: 3,
    seconds: 1,
    concurrency: [1, 16],
    only: ["get", "scan"],
    store: undefined,
    json: undefined,
  });
});

Deno.test("readOptions refuses options that are not known and values that make no sense", () => {
  throws(() => readOptions(["--user", "5000"]), /user/);
  throws(() => readOptions(["--seconds", "soon"]), /--seconds is "soon"/);
  throws(() => readOptions(["--runs", "0"]), RangeError);
});

Deno.test("userBody makes the same user of the same number, of a size like real ones", () => {
  const manager = "5d4f4f2e-6b8d-4d0e-8f58-1f4c3c1f7a10";
  deepStrictEqual(userBody(4_711, manager), userBody(4_711, manager));
  notStrictEqual(
    userBody(1, undefined).userName,
    userBody(2, undefined).userName,
  );
  for (const number of [0, 1, 999, 99_999]) {
    const { length } = JSON.stringify(userBody(number, manager));
    ok(length > 1_000 && length < 1_400, `user ${number} has ${length}`);
  }
});

Deno.test("managerOf names users that are there before those who have them", () => {
  const managers = Array.from({ length: 5_000 }, (_, i) => managerOf(i));
  ok(managers.slice(0, 1_000).every((each) => each === undefined));
  const known = managers.filter((each) => each !== undefined);
  ok(known.length > 1_000 && known.every((each) => each < 1_000));
});

Deno.test("randomFrom gives numbers from 0 to below 1 that the seed decides", () => {
  const draw = (seed: number) => {
    const random = randomFrom(seed);
    return Array.from({ length: 1_000 }, random);
  };
  deepStrictEqual(draw(3), draw(3));
  notStrictEqual(draw(3)[0], draw(4)[0]);
  ok(draw(5).every((each) => each >= 0 && each < 1));
  const mean = draw(6).reduce((sum, each) => sum + each, 0) / 1_000;
  ok(mean > 0.4 && mean < 0.6);
});
