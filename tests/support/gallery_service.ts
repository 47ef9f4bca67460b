/** Runs the real gallery service in a process of its own. */

import { CALLS, type FakeCall, requestOf, signCall } from "../../gallery/fake_caller.ts";
import { makeTemplateKey } from "../../shared/template_keys.ts";
import { type FakeTokenKeys, fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { type Answer, readAnswer } from "./answer.ts";
import { Service } from "./service.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

export { CALLS };

/** Settings of a gallery service that never refuses an attempt because others have failed. */
export const UNLIMITED_TRIES = {
  TRIES_FREE: "1000000",
  TRIES_LOCK_AFTER: "1000000",
  TRIES_SEARCHES: "0",
} as const;

/** Keys and places of a gallery. Services with the same installation share a store. */
export interface GalleryInstallation extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly env: Readonly<Record<string, string>>;
  /** Keys that sign calls. */
  readonly keys: FakeTokenKeys;
  /** Starts a service. `env` overrides its settings. */
  start(env?: Readonly<Record<string, string>>): Service;
  /** Returns the settings of an api on this machine that calls a service. */
  apiEnv(service: Service): Record<string, string>;
  /** Signs the statement of a call. */
  sign(call: FakeCall): string;
  /** Sends a call to a service. */
  send(service: Service, call: FakeCall, token: string): Promise<Answer>;
  /** Signs a call and sends it to a service. */
  call(service: Service, call: FakeCall): Promise<Answer>;
}

/**
 * Makes keys, and a folder for the store.
 *
 * @param store URL of a PostgreSQL database. By default the store is SQLite in the folder
 */
export async function installGallery(store?: string): Promise<GalleryInstallation> {
  const keys = fakeTokenKeys();
  const folder = await temporaryFolder({
    "template-keys": makeTemplateKey(),
    "token-keys.pem": keys.publicPem,
  });
  const env = {
    GALLERY_STORE: store ?? folder.path("gallery"),
    TEMPLATE_KEYS_PATH: folder.path("template-keys"),
    GALLERY_TOKEN_PUBLIC_KEYS_PATH: folder.path("token-keys.pem"),
  };
  const sign = (call: FakeCall) => signCall(call, keys.signing);
  const send = (service: Service, call: FakeCall, token: string) =>
    readAnswer(fetch(requestOf(service.url, call, `Bearer ${token}`)));
  return {
    folder,
    env,
    keys,
    start: (changes = {}) =>
      new Service({ ...env, ...changes }, [
        ...["run", "-q", "-P=gallery", `--allow-read=${folder.root}`],
        ...[`--allow-write=${folder.root}`, "gallery/main.ts"],
      ]),
    apiEnv: ({ url }) => ({
      GALLERY_URL: url.origin,
      WORKER_TOKEN_PRIVATE_KEYS: keys.privatePem,
    }),
    sign,
    send,
    call: async (service, call) => await send(service, call, sign(call)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
