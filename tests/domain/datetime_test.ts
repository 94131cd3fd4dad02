import assert from "node:assert/strict";
import { compareInstants, parseDateTime } from "../../domain/datetime.ts";

function instant(text: string) {
  const parsed = parseDateTime(text);
  assert.ok(parsed !== undefined, `${text} was not read`);
  return parsed;
}

for (
  const text of [
    "2024-05-06T07:08:09Z",
    "2024-05-06T07:08:09.1Z",
    "2024-05-06T07:08:09.1234567Z",
    "2024-05-06T07:08:09+14:00",
    "2024-05-06T07:08:09-11:30",
    "2024-05-06T07:08:09",
    "2024-05-06T24:00:00Z",
    "2024-02-29T00:00:00Z",
    "2000-02-29T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "-0044-03-15T12:00:00Z",
    "12024-01-01T00:00:00Z",
  ]
) {
  Deno.test(`parseDateTime() reads ${text}`, () => {
    assert.notEqual(parseDateTime(text), undefined);
  });
}

for (
  const text of [
    "",
    "yesterday",
    "2024-05-06",
    "07:08:09Z",
    "2024-05-06 07:08:09Z",
    "2024-05-06t07:08:09z",
    "2024-05-06T07:08Z",
    "2024-5-6T07:08:09Z",
    "24-05-06T07:08:09Z",
    "2024-13-06T07:08:09Z",
    "2024-00-06T07:08:09Z",
    "2024-04-31T07:08:09Z",
    "2024-06-00T07:08:09Z",
    "2023-02-29T07:08:09Z",
    "1900-02-29T07:08:09Z",
    "2024-05-06T25:08:09Z",
    "2024-05-06T24:00:01Z",
    "2024-05-06T24:00:00.5Z",
    "2024-05-06T07:60:09Z",
    "2024-05-06T07:08:60Z",
    "2024-05-06T07:08:09.Z",
    "2024-05-06T07:08:09+14:01",
    "2024-05-06T07:08:09+15:00",
    "2024-05-06T07:08:09+01:60",
    "2024-05-06T07:08:09+0100",
    "2024-05-06T07:08:09Z ",
    "999999999-05-06T07:08:09Z",
  ]
) {
  Deno.test(`parseDateTime() refuses "${text}"`, () => {
    assert.equal(parseDateTime(text), undefined);
  });
}

for (
  const [a, b, why] of [
    ["2024-05-06T07:08:09Z", "2024-05-06T09:08:09+02:00", "in another zone"],
    ["2024-05-06T07:08:09Z", "2024-05-06T02:38:09-04:30", "west of Greenwich"],
    [
      "2024-05-06T07:08:09Z",
      "2024-05-06T07:08:09.000Z",
      "with a fraction of zeros",
    ],
    [
      "2024-05-06T07:08:09.5Z",
      "2024-05-06T07:08:09.5000000Z",
      "with more digits",
    ],
    [
      "2024-05-06T07:08:09",
      "2024-05-06T07:08:09Z",
      "without a zone, which is UTC",
    ],
    ["2024-05-06T24:00:00Z", "2024-05-07T00:00:00Z", "at the end of the day"],
    ["2024-12-31T23:30:00-01:00", "2025-01-01T00:30:00Z", "across a new year"],
  ] as const
) {
  Deno.test(`compareInstants() finds an instant equal to itself ${why}`, () => {
    assert.equal(compareInstants(instant(a), instant(b)), 0);
  });
}

for (
  const [earlier, later] of [
    ["2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z"],
    ["2024-05-06T07:08:09.1234567Z", "2024-05-06T07:08:09.1234568Z"],
    ["2024-05-06T07:08:09Z", "2024-05-06T07:08:09.0000000001Z"],
    ["2024-05-06T07:08:09.9Z", "2024-05-06T07:08:10Z"],
    ["2024-05-06T07:08:09.09Z", "2024-05-06T07:08:09.1Z"],
    ["2024-05-06T07:08:09+02:00", "2024-05-06T07:08:09Z"],
    ["9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z"],
    ["-0044-03-15T12:00:00Z", "0001-01-01T00:00:00Z"],
  ] as const
) {
  Deno.test(`compareInstants() puts ${earlier} before ${later}`, () => {
    assert.ok(compareInstants(instant(earlier), instant(later)) < 0);
    assert.ok(compareInstants(instant(later), instant(earlier)) > 0);
  });
}

Deno.test("parseDateTime() gives whole seconds before 1970 as negative numbers", () => {
  assert.equal(instant("1969-12-31T23:59:59Z").seconds, -1);
});
