import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../shared/env.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { parsePrivateKeys, parsePublicKeys } from "../../shared/http/token_keys.ts";
import { ensureKeys, type KeyStore } from "./ensure_keys.ts";

/** A store in memory. `meddle` runs before each change, as if another run came first. */
class FakeKeyStore implements KeyStore {
  version = 1;
  changes = 0;

  constructor(
    public privateText?: string,
    public publicText?: string,
    readonly meddle: (store: FakeKeyStore) => void = () => {},
  ) {}

  readonly privateKeys = {
    name: "token-private",
    read: () => Promise.resolve(this.privateText),
    create: (text: string) =>
      this.#change(this.privateText === undefined, () => this.privateText = text),
  };

  readPublic() {
    const { publicText: text, version } = this;
    return Promise.resolve(text === undefined ? undefined : { text, version: String(version) });
  }

  createPublic(text: string) {
    return this.#change(this.publicText === undefined, () => this.publicText = text);
  }

  replacePublic(text: string, version: string) {
    return this.#change(version === String(this.version), () => this.publicText = text);
  }

  #change(_before: boolean, make: () => void): Promise<boolean> {
    const { privateText, publicText, version } = this;
    this.meddle(this);
    const disturbed = privateText !== this.privateText || publicText !== this.publicText ||
      version !== this.version;
    if (disturbed || !_before) return Promise.resolve(false);
    make();
    this.version++;
    this.changes++;
    return Promise.resolve(true);
  }

  /** Checks that the workers have every key of the api, and returns the number of public keys. */
  check(): number {
    const keys = parsePrivateKeys(this.privateText!);
    const halves = parsePublicKeys(this.publicText!);
    for (const { id } of keys) assert(halves.has(id));
    return halves.size;
  }
}

Deno.test("both kinds of keys are made when both are missing, and then kept", async () => {
  const store = new FakeKeyStore();
  assertEquals(await ensureKeys(store), { privateKeys: "made", publicKeys: "made" });
  assertEquals(store.check(), 1);
  const { privateText, publicText } = store;
  assertEquals(await ensureKeys(store), { privateKeys: "kept", publicKeys: "kept" });
  assertEquals([store.privateText, store.publicText], [privateText, publicText]);
});

Deno.test("missing public keys are derived from the private ones", async () => {
  const [old, next] = [fakeTokenKeys(), fakeTokenKeys()];
  const both = old.privatePem + next.privatePem;
  const empty = new FakeKeyStore(both);
  assertEquals(await ensureKeys(empty), { privateKeys: "kept", publicKeys: "made" });
  assertEquals(empty.check(), 2);
  const lacksOne = new FakeKeyStore(both, old.publicPem);
  assertEquals(await ensureKeys(lacksOne), { privateKeys: "kept", publicKeys: "completed" });
  assertEquals(lacksOne.check(), 2);
  assertEquals(lacksOne.privateText, both);
});

Deno.test("a new private key is added to public keys that exist: running replicas still sign with theirs", async () => {
  const old = fakeTokenKeys();
  const store = new FakeKeyStore(undefined, old.publicPem);
  assertEquals(await ensureKeys(store), { privateKeys: "made", publicKeys: "completed" });
  assertEquals(store.check(), 2);
});

Deno.test("a run that is disturbed by another one keeps the other one's keys", async () => {
  const other = fakeTokenKeys();
  let disturbances = 0;
  const store = new FakeKeyStore(undefined, undefined, (store) => {
    if (disturbances++ > 0) return;
    store.privateText = other.privatePem;
  });
  assertEquals(await ensureKeys(store), { privateKeys: "kept", publicKeys: "made" });
  assertEquals(store.privateText, other.privatePem);
  assertEquals(store.check(), 1);

  let others = 0;
  const extra = fakeTokenKeys();
  const changing = new FakeKeyStore(other.privatePem, extra.publicPem, (store) => {
    if (others++ < 3) store.version++;
  });
  assertEquals((await ensureKeys(changing)).publicKeys, "completed");
  assertEquals(changing.check(), 2);
});

Deno.test("a store that changes again and again is an error", async () => {
  const [one, other] = [fakeTokenKeys(), fakeTokenKeys()];
  const store = new FakeKeyStore(one.privatePem, other.publicPem, (store) => {
    store.version++;
  });
  await assertRejects(() => ensureKeys(store), ConfigError, "again and again");
});

Deno.test("keys that cannot be used are an error, and stay as they are", async () => {
  const { privatePem, publicPem } = fakeTokenKeys();
  for (
    const [secret, open] of [
      ["key of the first version: 32 bytes", undefined],
      [publicPem, publicPem],
      ["", publicPem],
      [privatePem, privatePem],
      [privatePem, "not a key"],
      [privatePem, ""],
      [
        privatePem,
        Array.from({ length: 16 }, fakeTokenKeys)
          .map(({ publicPem }) => publicPem).join(""),
      ],
    ] as const
  ) {
    const store = new FakeKeyStore(secret, open);
    await assertRejects(() => ensureKeys(store), ConfigError, "Worker token keys");
    assertEquals([store.privateText, store.publicText, store.changes], [secret, open, 0]);
  }
});
