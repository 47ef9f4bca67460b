import { assert, assertEquals, assertMatch } from "@std/assert";
import { readServiceUrl } from "./service_url.ts";

const wrong = (text: string, allowUnencrypted = false): string => {
  const url = readServiceUrl(text, allowUnencrypted);
  assert("wrong" in url, text);
  return url.wrong;
};
const right = (text: string, allowUnencrypted = false): string => {
  const url = readServiceUrl(text, allowUnencrypted);
  assert(url instanceof URL, text);
  return url.href;
};

Deno.test("photos go over https, and over http only to this machine", () => {
  assertEquals(right("https://faces.example.org"), "https://faces.example.org/");
  assertEquals(right("https://10.0.0.1:8443/"), "https://10.0.0.1:8443/");
  for (const host of ["localhost:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080", "0x7f.1"]) {
    right(`http://${host}`);
  }
  for (
    const host of [
      "faces.example.org",
      "10.0.0.1",
      "127.0.0.1.example.org",
      "localhost.example.org",
      "[::ffff:7f00:1]",
      "0.0.0.0",
    ]
  ) {
    assertMatch(wrong(`http://${host}`), /everybody on the way/);
    right(`http://${host}`, true);
  }
});

Deno.test("an address with more than a host and a port is refused", () => {
  for (
    const text of ["", "localhost:8080", "8080", "ftp://localhost", "file:///photos", "https://"]
  ) {
    assertMatch(wrong(text, true), /must be https:\/\/HOST/);
  }
  assertMatch(wrong("https://ann:secret@faces.example.org"), /--key-file/);
  for (const end of ["/users", "/?a=1", "/#a"]) {
    assertMatch(wrong(`https://faces.example.org${end}`), /must end after the host/);
  }
});
