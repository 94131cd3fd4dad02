/**
 * Keeping secrets out of reports.
 * @module
 */

import type { Variables } from "./substitute.ts";

const SECRET_NAME = /token|secret|password|assertion|jwt|basic/i;

/** Members of an answer that are secrets whatever they hold. */
const SECRET_MEMBER =
  /("(?:\w*_token|token|client_secret|password)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;

/**
 * Replaces secrets in a text: the value of each variable whose name sounds
 * like one, as `[name]`, and the values of members such as `access_token`.
 */
export function maskSecrets(text: string, variables: Variables): string {
  let masked = text.replaceAll(SECRET_MEMBER, '$1"[secret]"');
  for (const [name, value] of variables) {
    // The text of a short value could be part of an innocent word.
    if (typeof value !== "string" || value.length < 6) continue;
    if (!SECRET_NAME.test(name)) continue;
    for (const form of [value, encodeURIComponent(value)]) {
      masked = masked.replaceAll(form, `[${name}]`);
    }
  }
  return masked;
}
