/**
 * How large what the server stores is, in bytes: the floor stores as much. Taken
 * from a loaded store; the values of the benchmark's users differ little.
 * @module
 */

/** The record of a user, as the server writes it. */
export const RECORD_SIZE = 536;

/** The record of a group. */
export const GROUP_RECORD_SIZE = 55;

/** The log record of the creation of a user. */
export const CREATION_LOG_SIZE = 356;

/** The log record of a change of one attribute. */
export const CHANGE_LOG_SIZE = 130;

/** The log record of one member more or less. */
export const MEMBER_LOG_SIZE = 159;
