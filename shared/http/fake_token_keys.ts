/** Keys of worker tokens for tests. */

import {
  makePrivateKey,
  parsePrivateKeys,
  parsePublicKeys,
  publicHalves,
  type SigningKeys,
  type VerifyingKeys,
} from "./token_keys.ts";

/** One random key in every form. */
export interface FakeTokenKeys {
  readonly signing: SigningKeys;
  readonly verifying: VerifyingKeys;
  readonly privatePem: string;
  readonly publicPem: string;
}

/** Makes a random key. */
export function fakeTokenKeys(): FakeTokenKeys {
  const privatePem = makePrivateKey();
  const signing = parsePrivateKeys(privatePem);
  const publicPem = publicHalves(signing);
  return { signing, verifying: parsePublicKeys(publicPem), privatePem, publicPem };
}
