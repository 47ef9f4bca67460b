/** Makes keys of callers for tests of the page. */

import { makeApiKey } from "../../api/callers/api_keys/api_key.ts";
import type { Scope } from "../../api/callers/scopes.ts";

/** A key, and its entry in the keys file. */
export interface TestKey {
  readonly text: string;
  readonly entry: object;
}

/** Makes a key with one scope. */
export function testKey(scope: Scope): TestKey {
  const { id, sha256, text } = makeApiKey();
  return { text, entry: { id, sha256, name: scope, scopes: [scope] } };
}
