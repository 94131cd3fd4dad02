/**
 * The checklist: what RFC 7642, 7643, 7644 and 9865 ask of a server, item by item.
 * @module
 */

import { z } from "zod";
import items from "./items.json" with { type: "json" };

/** The id of an item, as it stands in the names of tests. */
export const ITEM_ID = "(?:4[234]-[\\d.]+|65)-\\d+";

const checklist = z.array(z.strictObject({
  section: z.string(),
  items: z.array(z.strictObject({
    /** Counts through the whole checklist. */
    number: z.int(),
    /** Document, section and place: `44-3.5.2-19` is item 19 of RFC 7644 section 3.5.2. */
    id: z.string().regex(new RegExp(`^${ITEM_ID}$`)),
    /** How the RFC words it; `implied` where it follows without a keyword. */
    level: z.string(),
    statement: z.string(),
    /** Why the item does not apply to this server, or cannot be shown by it. */
    notApplicable: z.string().optional(),
  })),
}));

/** The items of one section. */
export type ChecklistSection = z.infer<typeof checklist>[number];

/** One item. */
export type ChecklistItem = ChecklistSection["items"][number];

/** Reads the checklist. */
export function readChecklist(): ChecklistSection[] {
  return checklist.parse(items);
}
