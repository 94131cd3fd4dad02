/** Texts that people have in their directories, the awkward ones included. @module */

import type { Random } from "./random.ts";

const GIVEN_NAMES = [
  "Ada",
  "Zoë",
  "Jörg",
  "Siân",
  "Łukasz",
  "Nguyễn",
  "Ünal",
  "José",
  "Mary Ann",
  "D'Arcy",
  "太郎",
  "Ольга",
] as const;

const FAMILY_NAMES = [
  "Lovelace",
  "O'Brien",
  "Müller-Lüdenscheidt",
  "Groß",
  "Smith",
  "van der Berg",
  "Ångström",
  "İnönü",
  "García",
  "山田",
  "Ζαφειρόπουλος",
] as const;

/** Texts that a careless server would trim, unescape, convert or cut. */
const AWKWARD = [
  'the "boss"',
  "back\\slash\\",
  'both \\" of them',
  "C++ & <b>bold</b>",
  "50% + 10 %2B 5",
  "Straße 1\r\n8001 Zürich",
  "😀 happy 👩‍👩‍👧",
  "  padded  ",
  "True",
  "false",
  "null",
  "0012",
  '{"id":"06b0","value":"25"}',
  "e\u0301 is not é",
  '[type eq "work"]',
  "ｆｕｌｌ width ﬁ",
  "tab\there",
  "__proto__",
  " ",
] as const;

const PLAIN = [
  "Engineering",
  "Sales",
  "Head of Research",
  "Human Resources",
  "Zürich",
  "R&D",
  "de-CH",
  "en-US",
  "+41 44 123 45 67",
  "8001",
] as const;

/** A value of any attribute. */
export function anyText(random: Random): string {
  if (random.chance(0.02)) return "long ".repeat(200 + random.integer(600));
  const text = random.chance(0.4) ? random.pick(AWKWARD) : random.pick(PLAIN);
  return random.chance(0.5) ? `${text}${random.integer(1000)}` : text;
}

export function givenName(random: Random): string {
  return random.pick(GIVEN_NAMES);
}

export function familyName(random: Random): string {
  return random.pick(FAMILY_NAMES);
}

/** The local part of a user name: a number keeps it from being another's. */
export function localPart(random: Random, number: number): string {
  const extra = random.pick([
    "",
    "",
    "",
    "+tag",
    '"x"',
    "\\y",
    "😀",
    "%41",
    "&a=b#c",
    "(z) [w]",
  ]);
  return `${givenName(random)}.${familyName(random)}${extra}${number}`
    .replaceAll(" ", random.chance(0.5) ? " " : ".");
}

/** The same text with ASCII letters in another case. */
export function swapCase(text: string): string {
  return text.replace(
    /[a-z]|[A-Z]/g,
    (letter) =>
      letter === letter.toLowerCase()
        ? letter.toUpperCase()
        : letter.toLowerCase(),
  );
}

/** The form in which attributes that are not case-exact are compared. */
export function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
