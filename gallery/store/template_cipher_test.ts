import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { StoreDamaged } from "./store.ts";
import { type RowName, seal, sealTemplate, unseal, unsealTemplate } from "./template_cipher.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";

const keys = parseTemplateKeys(makeTemplateKey() + makeTemplateKey());
const name: RowName = { collection: "c", userId: "alice", templateId: "t", model: "m" };
const template = {
  photo: Uint8Array.from({ length: 32 }, (_, i) => i),
  embedding: Float32Array.of(0.6, -0.8),
};

Deno.test("a template that was encrypted by any of the keys is decrypted", () => {
  for (const order of [keys, [keys[1]!, keys[0]] as const]) {
    const sealed = sealTemplate(order, name, template);
    assertEquals(sealed.keyId, order[0].id);
    assertEquals(unsealTemplate(keys, name, sealed), template);
  }
});

Deno.test("any bytes with any name are decrypted with this name alone", () => {
  const names = fc.array(fc.string(), { maxLength: 5 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), names, names, (bytes, name, other) => {
    const sealed = seal(keys[0], name, bytes);
    assertEquals(unseal(keys[0], name, sealed), bytes);
    assertEquals(unseal(keys[1]!, name, sealed), undefined);
    if (JSON.stringify(name) !== JSON.stringify(other)) {
      assertEquals(unseal(keys[0], other, sealed), undefined);
    }
  }));
});

Deno.test("a row with one changed bit, or with another row's name, is refused", () => {
  const sealed = sealTemplate(keys, name, template);
  for (const field of ["nonce", "ciphertext"] as const) {
    for (let i = 0; i < sealed[field].length; i++) {
      const changed = sealed[field].slice();
      changed[i]! ^= 1;
      assertThrows(() => unsealTemplate(keys, name, { ...sealed, [field]: changed }), StoreDamaged);
    }
    const shorter = { ...sealed, [field]: sealed[field].slice(1) };
    assertThrows(() => unsealTemplate(keys, name, shorter), StoreDamaged);
  }
  for (const part of ["collection", "userId", "templateId", "model"] as const) {
    assertThrows(() => unsealTemplate(keys, { ...name, [part]: "x" }, sealed), StoreDamaged);
  }
  const missing = { ...sealed, keyId: "0123456789abcdef" };
  assertThrows(() => unsealTemplate(keys, name, missing), StoreDamaged, "0123456789abcdef");
});

Deno.test("the same template never has the same ciphertext or nonce twice", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const { nonce, ciphertext } = sealTemplate(keys, name, template);
    seen.add(nonce.toHex()).add(ciphertext.toHex());
  }
  assertEquals(seen.size, 2000);
});

Deno.test("a ciphertext has no byte of the template in its place", () => {
  const zeros = { photo: new Uint8Array(32), embedding: new Float32Array(512) };
  const { ciphertext } = sealTemplate(keys, name, zeros);
  assertEquals(ciphertext.length, 32 + 2048 + 16);
  assert(ciphertext.filter((byte) => byte === 0).length < 40);
});
