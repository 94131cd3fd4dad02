/**
 * The dateTime of RFC 7643 section 2.3.5 (xsd:dateTime).
 * @module
 */

const XSD_DATE_TIME =
  /^(-?\d{4,9})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/;

/** An instant: whole seconds since 1970 and the digits of the fraction. */
export interface Instant {
  readonly seconds: number;
  /** Digits after the decimal point, without trailing zeros. */
  readonly fraction: string;
}

/**
 * Reads an xsd:dateTime. Both date and time are required; any number of
 * fraction digits is kept (Microsoft sends seven); a value without a zone is
 * taken as UTC, since RFC 7643 does not say.
 *
 * @returns undefined when the text is not a dateTime
 */
export function parseDateTime(text: string): Instant | undefined {
  const match = XSD_DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  if (
    year === undefined || month === undefined || day === undefined ||
    hour === undefined || minute === undefined || second === undefined
  ) return undefined;
  const fraction = (match[7] ?? "").replace(/0+$/, "");
  const endOfDay = hour === 24 && minute === 0 && second === 0 &&
    fraction === "";
  if (
    month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
    (hour > 23 && !endOfDay) || minute > 59 || second > 59
  ) return undefined;
  const offset = zoneOffset(match[8]);
  if (offset === undefined) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const milliseconds = date.getTime();
  if (Number.isNaN(milliseconds)) return undefined;
  return { seconds: milliseconds / 1000 - offset, fraction };
}

/**
 * Orders two instants in time (RFC 7644 section 3.4.2.2).
 *
 * @returns a negative number, 0, or a positive number
 */
export function compareInstants(a: Instant, b: Instant): number {
  if (a.seconds !== b.seconds) return a.seconds - b.seconds;
  const digits = Math.max(a.fraction.length, b.fraction.length);
  const left = a.fraction.padEnd(digits, "0");
  const right = b.fraction.padEnd(digits, "0");
  return left < right ? -1 : left > right ? 1 : 0;
}

function daysIn(year: number, month: number): number {
  if (month === 2) {
    const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return leap ? 29 : 28;
  }
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** The zone's distance from UTC in seconds; undefined when it is out of range. */
function zoneOffset(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (minutes > 59 || hours > 14 || (hours === 14 && minutes > 0)) {
    return undefined;
  }
  return (zone.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60);
}
