/**
 * What SCIM handlers find in their context.
 * @module
 */

import type { Profile } from "../../domain/profile.ts";
import type { TenantRegistry } from "../../storage/registries.ts";
import type { Token } from "../../storage/tokens.ts";

/** The authenticated client. */
export interface Client {
  readonly token: Token;
  readonly profile: Profile;
}

/** The environment of the SCIM app. */
export interface ScimEnvironment {
  Variables: {
    /** The SCIM base URL of the request, without a slash at its end. */
    base: string;
    /** Set behind the authenticate middleware. */
    client: Client;
    /** What is in force for the client's tenant; set behind that too. */
    current: TenantRegistry;
    /** Whether somebody reads the resource in the answer; undefined: yes. */
    wantsBody: boolean | undefined;
    /** Whether the answer can be kept as long as nothing of it is written. */
    keeps: boolean | undefined;
  };
}
