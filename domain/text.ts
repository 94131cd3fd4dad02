/**
 * How strings compare (RFC 7644 section 3.4.2.2, RFC 7643 section 2.2).
 * @module
 */

const ASCII = /^\p{ASCII}*$/u;

/**
 * The form in which strings of a `caseExact: false` attribute are compared:
 * NFKC, then lower case. NFKC maps full-width letters to the plain ones, as the
 * PRECIS profile of RFC 7644 section 5 asks for. The final sigma is the one
 * letter whose lower case depends on its neighbours; it is made regular so that
 * a prefix of a value stays a prefix of its folded form.
 */
export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFKC").toLowerCase().replaceAll("ς", "σ");
}

/** The form in which values of an attribute are compared, by its `caseExact`. */
export function comparable(text: string, caseExact: boolean): string {
  return caseExact ? text : foldCase(text);
}

/**
 * Compares by code point, which is also the order of UTF-8 bytes and so that of
 * the keys in the store. (JavaScript's `<` compares UTF-16 units, where
 * characters beyond U+FFFF sort before U+E000.)
 *
 * @returns a negative number, 0, or a positive number
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    const bothInDoubt = left >= 0xd800 && right >= 0xd800;
    return bothInDoubt ? codeOrder(left) - codeOrder(right) : left - right;
  }
  return a.length - b.length;
}

/** Moves the surrogates above all other UTF-16 units. */
function codeOrder(unit: number): number {
  return unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The beginning of a text that a client sent, short enough for a message. */
export function clip(text: string, length = 60): string {
  return text.length > length
    ? `${text.slice(0, length).toWellFormed()}…`
    : text;
}

/**
 * The candidate that a misspelt name most likely meant, if one is close: at
 * most two edits, or a third of the name's length, away, and not so many that
 * nothing of the name is left.
 */
export function nearest(
  name: string,
  candidates: Iterable<string>,
): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  const edits = Math.max(2, Math.floor(wanted.length / 3));
  let bestDistance = Math.min(edits + 1, wanted.length);
  for (const candidate of candidates) {
    const distance = editDistance(
      wanted,
      candidate.toLowerCase(),
      bestDistance,
    );
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance with transpositions counted as one; gives up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(
        (last[j] ?? limit) + 1,
        (row[j - 1] ?? limit) + 1,
        (last[j - 1] ?? limit) + cost,
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] &&
        a[i - 2] === b[j - 1];
      if (swapped) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? limit) + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? limit;
}
