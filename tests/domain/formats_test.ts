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
    "http://[2001:db8::1]:8080/",
    "https://ada:x@example.com:443?x=/?#/?",
    "tel:+1-202-555-0143",
    "//example.com/ada",
    "/people/a:b",
    "./a:b",
    "?x=1",
    "#top",
    "",
  ]
) {
  Deno.test(`isUriReference() takes "${text}"`, () => {
    assert.equal(isUriReference(text), true);
  });
}

Deno.test("isUriReference() reads several megabytes", () => {
  const path = "a%20/ü".repeat(1_000_000);
  assert.equal(isUriReference(`https://example.com/${path}`), true);
  assert.equal(isUriReference(`https://${path}[`), false);
});

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
    "http://[",
    "http://example.com/[x]",
    "http://a[b]@example.com/",
    "http://example.com:port/",
    "http://a:1:2/",
    "1http://example.com/",
    ":a",
    "#a#b",
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

/** A DER value; contents of 128 bytes and more have a length of two bytes. */
function der(tag: number, ...content: number[]): number[] {
  const { length } = content;
  return length < 0x80
    ? [tag, length, ...content]
    : [tag, 0x82, length >> 8, length & 0xff, ...content];
}

const SEQUENCE = 0x30;
const SIGNED = der(SEQUENCE, 2, 1, 0);
const ALGORITHM = der(SEQUENCE, 6, 1, 0);
const SIGNATURE = der(0x03, 0, 0xff);
const CERTIFICATE = der(SEQUENCE, ...SIGNED, ...ALGORITHM, ...SIGNATURE);
const LONG = der(
  SEQUENCE,
  ...der(SEQUENCE, ...new Array(300).fill(1)),
  ...ALGORITHM,
  ...SIGNATURE,
);

for (
  const [what, value] of [
    ["of the shortest form", base64(...CERTIFICATE)],
    ["longer than 127 bytes", base64(...LONG)],
    ["without padding", base64(...LONG).replace(/=+$/, "")],
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
    ["two certificates", base64(...CERTIFICATE, ...CERTIFICATE)],
    ["a list of one", base64(...der(SEQUENCE, ...CERTIFICATE))],
    ["a list of two", base64(...der(SEQUENCE, ...CERTIFICATE, ...CERTIFICATE))],
    [
      "a list of three",
      base64(
        ...der(SEQUENCE, ...CERTIFICATE, ...CERTIFICATE, ...CERTIFICATE),
      ),
    ],
    [
      "without its signature",
      base64(...der(SEQUENCE, ...SIGNED, ...ALGORITHM)),
    ],
    [
      "followed by more inside",
      base64(
        ...der(SEQUENCE, ...SIGNED, ...ALGORITHM, ...SIGNATURE, ...SIGNATURE),
      ),
    ],
    ["cut short", base64(...LONG.slice(0, -1))],
    ["of unlimited length", base64(0x30, 0x80, 0, 0)],
    ["of an absurd length", base64(0x30, 0x85, 0, 0, 0, 0, 1, 0)],
    ["a sequence of something else", base64(...der(SEQUENCE, 4, 0))],
  ] as const
) {
  Deno.test(`formatProblem() refuses a certificate that is ${what}`, () => {
    assert.match(
      formatProblem("x509-der", value) ?? "",
      /exactly one certificate/,
    );
  });
}
