/**
 * Users as an identity provider sends them, made up from a seed: the same number
 * always gives the same user.
 * @module
 */

const GIVEN = (
  "Alma Bertil Carina Dario Elif Florian Greta Hanna Ivan Jonas Katja Lorenz " +
  "Mira Nils Oskar Paula Quirin Rosa Stefan Tilda Ulrich Vera Wanda Xaver"
).split(" ");
const FAMILY = (
  "Ahlberg Brunner Castell Dahlke Ebner Fischbach Gruber Hellwig Imhof Jansson " +
  "Kaltner Lindt Moser Nyberg Ostrom Pichler Rask Sandell Tauber Unger Vestby " +
  "Wieland Yngve Zander"
).split(" ");
const TITLES = (
  "Account Manager,Software Engineer,Technician,Buyer,Controller,Team Lead," +
  "Project Manager,Designer,Analyst,Support Specialist,Warehouse Clerk"
).split(",");
const DEPARTMENTS = (
  "Sales,Engineering,Operations,Purchasing,Finance,Marketing,Support,Logistics"
).split(",");
const CITIES = "Graz,Bergen,Utrecht,Aarhus,Leipzig,Turku,Gent,Lugano".split(
  ",",
);
const COUNTRIES = "AT,NO,NL,DK,DE,FI,BE,CH".split(",");
const LANGUAGES = "de-AT,nb-NO,nl-NL,da-DK,de-DE,fi-FI,nl-BE,it-CH".split(",");
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** Random numbers from 0 to below 1 that a seed decides (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The user name of the n-th user. */
export function userNameOf(number: number): string {
  return `user${String(number).padStart(5, "0")}@example.com`;
}

/** The external id of the n-th user. */
export function externalIdOf(number: number): string {
  return uuidFrom(randomFrom(number * 7_919 + 17));
}

/** The work address of the n-th user. */
export function emailOf(number: number): string {
  const random = randomFrom(number);
  const given = pick(GIVEN, random).toLowerCase();
  return `${given}.${pick(FAMILY, random).toLowerCase()}.${number}@example.com`;
}

/**
 * The n-th user as the body of a POST, about 1.2 KB as JSON.
 *
 * @param manager the id of another user
 */
export function userBody(
  number: number,
  manager: string | undefined,
): Record<string, unknown> {
  const random = randomFrom(number);
  const givenName = pick(GIVEN, random);
  const familyName = pick(FAMILY, random);
  const place = Math.floor(random() * CITIES.length);
  const digits = () => String(Math.floor(random() * 9_000_000) + 1_000_000);
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    userName: userNameOf(number),
    externalId: externalIdOf(number),
    active: true,
    displayName: `${givenName} ${familyName} ${number}`,
    title: pick(TITLES, random),
    name: {
      formatted: `${givenName} ${familyName}`,
      givenName,
      familyName,
    },
    emails: [{ type: "work", value: emailOf(number), primary: true }],
    phoneNumbers: [
      { type: "work", value: `+43 316 ${digits()}` },
      { type: "mobile", value: `+43 664 ${digits()}` },
    ],
    addresses: [{
      type: "work",
      formatted: `Ringstrasse ${number % 200}, ${CITIES[place]}`,
      streetAddress: `Ringstrasse ${number % 200}`,
      locality: CITIES[place],
      region: `Region ${CITIES[place]}`,
      postalCode: digits().slice(0, 4),
      country: COUNTRIES[place],
    }],
    userType: "Employee",
    preferredLanguage: LANGUAGES[place],
    locale: LANGUAGES[place],
    timezone: "Europe/Vienna",
    [ENTERPRISE]: {
      employeeNumber: String(100_000 + number),
      costCenter: `CC-${digits().slice(0, 4)}`,
      organization: "Example Manufacturing Group",
      division: `Division ${CITIES[place]}`,
      department: pick(DEPARTMENTS, random),
      ...(manager === undefined ? {} : { manager: { value: manager } }),
    },
  };
}

/** How many of the first users are managers and have none. */
const MANAGERS = 1_000;

/** The number of the manager of the n-th user; every third has one. */
export function managerOf(number: number): number | undefined {
  if (number < MANAGERS || number % 3 !== 0) return undefined;
  return Math.floor(randomFrom(number * 31 + 5)() * MANAGERS);
}

function pick(texts: readonly string[], random: () => number): string {
  return texts[Math.floor(random() * texts.length)] ?? "";
}

function uuidFrom(random: () => number): string {
  const hex = Array.from(
    { length: 32 },
    () => Math.floor(random() * 16).toString(16),
  ).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
