import assert from "node:assert/strict";
import { decode } from "../../storage/codec.ts";
import { ScimError } from "../../domain/errors.ts";
import {
  decodeRecord,
  encodeRecord,
  FIRST_GENERATION,
  numberOf,
  type RecordContent,
  withMembership,
} from "../../storage/records.ts";
import type { MaybeEntry } from "../../storage/store.ts";
import { noise } from "./fixture.ts";

const CONTENT: RecordContent = {
  created: "2026-01-01T00:00:00.000Z",
  lastModified: "2026-01-02T00:00:00.000Z",
  attributes: { userName: "ada" },
  generation: "abcd1234",
};

function entry(value: unknown): MaybeEntry {
  return {
    key: ["t", "default", "r", "User", "id-1"],
    value,
    versionstamp: "7",
  };
}

Deno.test("decodeRecord() gives back what encodeRecord() took", () => {
  assert.deepEqual(decodeRecord(entry(encodeRecord(CONTENT))), {
    ...CONTENT,
    id: "id-1",
    versionstamp: "7",
    membershipVersion: 0n,
  });
});

Deno.test("encodeRecord() leaves out what can be told from the rest", () => {
  const bytes = encodeRecord({
    ...CONTENT,
    lastModified: CONTENT.created,
    generation: FIRST_GENERATION,
  });
  assert.deepEqual(decode(bytes), {
    c: "2026-01-01T00:00:00.000Z",
    a: { userName: "ada" },
  });
});

Deno.test("encodeRecord() refuses as 413 what does not fit under one key", () => {
  const attributes = { userName: noise(70_000) };
  assert.throws(
    () => encodeRecord({ ...CONTENT, attributes }),
    (error) => error instanceof ScimError && error.status === 413,
  );
});

Deno.test("decodeRecord() answers undefined for a key without a value", () => {
  assert.equal(
    decodeRecord({ key: ["a"], value: null, versionstamp: null }),
    undefined,
  );
});

Deno.test("withMembership() takes the later of the two times", () => {
  const record = decodeRecord(entry(encodeRecord(CONTENT)));
  assert.ok(record !== undefined);
  const modified = (time: string) =>
    withMembership(
      record,
      entry(new Deno.KvU64(3n)),
      entry(new Deno.KvU64(BigInt(Date.parse(time)))),
    );
  const later = modified("2026-01-03T00:00:00Z");
  assert.equal(later.lastModified, "2026-01-03T00:00:00.000Z");
  assert.equal(later.membershipVersion, 3n);
  const earlier = modified("2026-01-01T12:00:00Z");
  assert.equal(earlier.lastModified, CONTENT.lastModified);
});

Deno.test("numberOf() counts what was never counted as zero", () => {
  assert.equal(numberOf(undefined), 0n);
  assert.equal(numberOf({ key: ["a"], value: null, versionstamp: null }), 0n);
});
