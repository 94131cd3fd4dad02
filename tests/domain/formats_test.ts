import assert from "node:assert/strict";
import {
  formatProblem,
  isBase64,
  isUriReference,
} from "../../domain/formats.ts";

function base64(...bytes: number[]): string {
  return btoa(String.fromCharCode(...bytes));
}

for (const text of ["", "YQ==", "YQ", "YWI=", "YWI", "YWJj", "+/+/"]) {
  Deno.test(`isBase64() takes "${text}"`, () => {
    assert.equal(isBase64(text), true);
  });
}

for (
  const text of [
    "Y",
    "YQ=",
    "YQ===",
    "=",
    "YWJj=",
    "-_-_",
    "YW Jj",
    "YWJj\n",
    "é",
  ]
) {
  Deno.test(`isBase64() refuses ${JSON.stringify(text)}`, () => {
    assert.equal(isBase64(text), false);
  });
}

Deno.test("isBase64() reads several megabytes", () => {
  assert.equal(isBase64("QUJD".repeat(1_000_000)), true);
});

for (
  const text of [
    "https://example.com/people/ada?x=1#top",
    "Users/1",
    "../Users/1",
    "urn:example:a",
    "mailto:ada@example.com",
    "https://example.com/%20",
    "https://exämple.com/ü",
    "http://[2001:db8::1]/",
    "",
  ]
) {
  Deno.test(`isUriReference() takes "${text}"`, () => {
    assert.equal(isUriReference(text), true);
  });
}

for (
  const text of [
    "not a uri",
    "https://example.com/a b",
    "https://example.com/\u00a0",
    "https://example.com/%zz",
    "https://example.com/%2",
    "<https://example.com>",
    'https://example.com/"',
    "https://example.com/\n",
    "a\\b",
    "{x}",
  ]
) {
  Deno.test(`isUriReference() refuses ${JSON.stringify(text)}`, () => {
    assert.equal(isUriReference(text), false);
  });
}

for (const code of ["DE", "ch", "US"]) {
  Deno.test(`formatProblem() takes the country "${code}"`, () => {
    assert.equal(formatProblem("iso3166-alpha2", code), undefined);
  });
}

for (const code of ["USA", "Germany", "D", "", "D1", "DE "]) {
  Deno.test(`formatProblem() says how the country "${code}" should look`, () => {
    assert.match(
      formatProblem("iso3166-alpha2", code) ?? "",
      /two letters, like "DE"/,
    );
  });
}

const LONG_FORM = [0x30, 0x82, 0x01, 0x00, 0x30, ...new Array(255).fill(1)];

for (
  const [what, value] of [
    ["one sequence", base64(0x30, 0x03, 2, 1, 0)],
    ["one sequence with a length of two bytes", base64(...LONG_FORM)],
  ] as const
) {
  Deno.test(`formatProblem() takes a certificate that is ${what}`, () => {
    assert.equal(formatProblem("x509-der", value), undefined);
  });
}

for (
  const [what, value] of [
    ["a PEM text", "-----BEGIN CERTIFICATE-----"],
    ["no base64", "%%%"],
    ["nothing", ""],
    ["one byte", base64(0x30)],
    ["another type of value", base64(0x04, 1, 0)],
    ["two sequences", base64(0x30, 1, 0, 0x30, 1, 0)],
    ["cut short", base64(0x30, 5, 1)],
    ["a list of certificates cut short", base64(...LONG_FORM.slice(0, -1))],
    ["of unlimited length", base64(0x30, 0x80, 0, 0)],
    ["of an absurd length", base64(0x30, 0x85, 0, 0, 0, 0, 1, 0)],
    ["a long sequence of something else", base64(0x30, 0x81, 2, 4, 0)],
  ] as const
) {
  Deno.test(`formatProblem() refuses a certificate that is ${what}`, () => {
    assert.match(
      formatProblem("x509-der", value) ?? "",
      /exactly one certificate/,
    );
  });
}
