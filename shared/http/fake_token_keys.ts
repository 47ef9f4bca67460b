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
export async function fakeTokenKeys(): Promise<FakeTokenKeys> {
  const privatePem = await makePrivateKey();
  const signing = await parsePrivateKeys(privatePem);
  const publicPem = publicHalves(signing);
  return { signing, verifying: await parsePublicKeys(publicPem), privatePem, publicPem };
}
