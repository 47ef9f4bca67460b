import fc from "fast-check";
import { assertEquals } from "@std/assert";
import { clientAddress, networkOfClient, parseNetwork, trustNetworks } from "./client_address.ts";

const isTrusted = trustNetworks(["10.0.0.0/8", "fd00::/8"]);

Deno.test("the client is the last address that is not a trusted proxy", () => {
  for (
    const [peer, forwardedFor, client] of [
      ["192.0.2.1", undefined, "192.0.2.1"],
      ["192.0.2.1", "198.51.100.1", "192.0.2.1"],
      ["10.0.0.1", undefined, "10.0.0.1"],
      ["10.0.0.1", "", "10.0.0.1"],
      ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
      ["10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"],
      ["10.0.0.1", "203.0.113.9,198.51.100.1 , 10.1.1.1", "198.51.100.1"],
      ["10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"],
      ["10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
      ["10.0.0.1", "[2001:db8::1]:4711, fd00::1", "2001:db8::1"],
      ["::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
      ["fd12::1", "::ffff:198.51.100.1", "198.51.100.1"],
      ["10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"],
      ["10.0.0.1", "198.51.100.1, ", "10.0.0.1"],
      ["10.0.0.1", "198.51.100.1, 10.0.0.2/8", "10.0.0.1"],
    ] as const
  ) {
    assertEquals(clientAddress(peer, forwardedFor, isTrusted), client, `${peer} ${forwardedFor}`);
  }
});

Deno.test("nothing that a client sends changes the address that its proxy sees", () => {
  fc.assert(fc.property(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("10.0.0.9"))).map((all) => all.join()),
    ),
    fc.nat(20),
    (sent, proxies) => {
      const added = ["192.0.2.1", ...Array(Math.min(proxies, 15)).fill("10.0.0.2")];
      const header = [sent, ...added].join(", ");
      assertEquals(clientAddress("10.0.0.1", header, isTrusted), "192.0.2.1");
      assertEquals(clientAddress("192.0.2.1", header, isTrusted), "192.0.2.1");
    },
  ));
});

Deno.test("networks are read, and nothing else", () => {
  assertEquals(
    ["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1", "0.0.0.0/0"].map(parseNetwork),
    ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "::1/128", "0.0.0.0/0"],
  );
  for (
    const text of ["", "/8", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "a", "10.0.0.0/8/8", "*"]
  ) {
    assertEquals(parseNetwork(text), undefined, text);
  }
});

Deno.test("all addresses of an IPv6 client count as one", () => {
  const one = networkOfClient("2001:db8:0:7::1");
  for (const same of ["2001:db8:0:7::2", "2001:0db8:0000:0007:ffff:ffff:ffff:ffff"]) {
    assertEquals(networkOfClient(same), one);
  }
  for (const other of ["2001:db8:0:8::1", "2001:db8::1", "::1", "fe80::1%eth0"]) {
    assertEquals(networkOfClient(other) === one, false, other);
  }
  assertEquals(networkOfClient("192.0.2.1"), "192.0.2.1");
  fc.assert(fc.property(fc.ipV6(), (address) => {
    assertEquals(networkOfClient(address).split(":").length, 4, address);
  }));
});
