import { assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../contract/problem.ts";
import { readProbe } from "./read_probe.ts";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3, 4);

const read = (headers: Record<string, string>, body: BodyInit = PNG, query = {}) => {
  const request = new Request("http://test/authenticate", { method: "POST", headers, body });
  const { signal } = new AbortController();
  return readProbe(request, new Map(Object.entries(query)), {
    maxImageBytes: 1000,
    bodyTimeoutMs: 60_000,
    signal,
  });
};

Deno.test("the picture, and the user_id and client_ref of the query are read", async () => {
  const query = { user_id: "user1", client_ref: "phone" };
  assertEquals(await read({}, PNG, query), { image: PNG, userId: "user1", clientRef: "phone" });
  assertEquals(await read({ "Content-Encoding": "Identity" }), { image: PNG, userId: undefined });
});

Deno.test("a compressed body is refused, and nothing is read", async () => {
  for (const encoding of ["gzip", "br", "identity, gzip", "GZIP", "zstd", "x", ""]) {
    let pulled = false;
    const body = new ReadableStream({ pull: () => void (pulled = true) }, { highWaterMark: 0 });
    const problem = await assertRejects(
      () => read({ "Content-Encoding": encoding }, body),
      Problem,
      "send it without compression",
    );
    assertEquals([problem.code, pulled], ["unsupported_media_type", false], encoding);
  }
});

Deno.test("a malformed Content-Type is refused, and nothing is read", async () => {
  for (const type of ["multipart/form-data", "application/json;x", "x".repeat(1025)]) {
    let pulled = false;
    const body = new ReadableStream({ pull: () => void (pulled = true) }, { highWaterMark: 0 });
    const problem = await assertRejects(() => read({ "Content-Type": type }, body), Problem);
    assertEquals([problem.code, pulled], ["invalid_request", false], type);
  }
});
