import assert from "node:assert/strict";
import { CURSOR_TIMEOUT } from "../../domain/limits.ts";
import { ScimError } from "../../domain/errors.ts";
import { Cursors, type Position } from "../../storage/cursors.ts";

const QUERY = [["User"], 'userName sw "a"', undefined, undefined, [], []];
const POSITION: Position = { id: "7", key: "ünïcode ~/+?" };

function cursorsAt(time = { now: new Date("2026-06-01T08:00:00Z") }): Cursors {
  return new Cursors("the-secret", () => time.now);
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ScimError, String(error));
    assert.equal(error.status, 400);
    return `${error.scimType}: ${error.message}`;
  }
  assert.fail("It was not refused");
}

for (
  const position of [
    { id: "7" },
    POSITION,
    { id: "7", key: 0 },
    { id: "7", key: false },
    { id: "7", key: null },
    { id: "7", key: "\ud83d" },
    { id: "7", type: "Group" },
  ] satisfies Position[]
) {
  Deno.test(`65-2 a cursor is read as it was made: ${JSON.stringify(position)}`, () => {
    const cursors = cursorsAt();
    const cursor = cursors.make("default", QUERY, position, 25);
    assert.match(cursor, /^[A-Za-z0-9._~-]+$/);
    assert.deepEqual(cursors.read("default", QUERY, cursor), {
      position,
      count: 25,
    });
  });
}

Deno.test("cursors are good for every process with the secret, and for no other", () => {
  const cursor = cursorsAt().make("default", QUERY, POSITION, 1);
  assert.equal(cursorsAt().read("default", QUERY, cursor).count, 1);
  const other = new Cursors("another", () => new Date());
  assert.match(
    refusal(() => other.read("default", QUERY, cursor)),
    /^invalidCursor/,
  );
});

Deno.test("65-18 a cursor that is altered in any character is invalid", () => {
  const cursors = cursorsAt();
  const cursor = cursors.make("default", QUERY, POSITION, 10);
  for (let i = 0; i < cursor.length; i++) {
    const other = cursor[i] === "A" ? "B" : "A";
    const forged = cursor.slice(0, i) + other + cursor.slice(i + 1);
    const read = () => cursors.read("default", QUERY, forged);
    assert.match(refusal(read), /^invalidCursor/, `${i}`);
  }
});

Deno.test("65-19 a cursor of another tenant or query is refused like a forged one", () => {
  const cursors = cursorsAt();
  const cursor = cursors.make("default", QUERY, POSITION, 10);
  const [text = "", signature = ""] = cursor.split(".");
  const refusals = [
    () => cursors.read("other", QUERY, cursor),
    () => cursors.read("default", [["Group"], ...QUERY.slice(1)], cursor),
    () => cursors.read("default", QUERY.slice(0, 2), cursor),
    () => cursors.read("default", QUERY, `${cursor}.`),
    () => cursors.read("default", QUERY, `${cursor}.x`),
    () => cursors.read("default", QUERY, `${cursor}=`),
    () => cursors.read("default", QUERY, ` ${cursor}`),
    () => cursors.read("default", QUERY, text),
    () => cursors.read("default", QUERY, `${text}.`),
    () => cursors.read("default", QUERY, `.${signature}`),
    () => cursors.read("default", QUERY, "."),
    () => cursors.read("default", QUERY, "\u{1f600}.\u{1f600}"),
    () => cursors.read("default", QUERY, "x".repeat(100_000)),
  ].map(refusal);
  assert.equal(new Set(refusals).size, 1, refusals.join("\n"));
  assert.match(refusals[0] ?? "", /^invalidCursor: .*begin again/);
});

Deno.test("a cursor is good until its time is over", () => {
  const time = { now: new Date("2026-06-01T08:00:00Z") };
  const cursors = cursorsAt(time);
  const cursor = cursors.make("default", QUERY, POSITION, 10);
  time.now = new Date(time.now.getTime() + CURSOR_TIMEOUT * 1_000);
  assert.equal(cursors.read("default", QUERY, cursor).count, 10);
  time.now = new Date(time.now.getTime() + 1_000);
  assert.match(
    refusal(() => cursors.read("default", QUERY, cursor)),
    /^expiredCursor: .*3600 seconds; begin again/,
  );
  // Whose cursor it was is not told either.
  assert.match(
    refusal(() => cursors.read("other", QUERY, cursor)),
    /^invalidCursor/,
  );
});
