import { assertEquals } from "@std/assert";
import { readNpmEnvironment } from "./npm_environment.ts";

Deno.test("npm's variables can be in lower or upper case", () => {
  assertEquals(
    readNpmEnvironment(
      new Map([
        ["npm_config_registry", "http://localhost:1"],
        ["NPM_CONFIG_HTTPS_PROXY", "http://localhost:2"],
        ["npm_config_proxy", "http://localhost:3"],
        ["NPM_CONFIG_NOPROXY", "localhost"],
      ]),
    ),
    {
      registry: "http://localhost:1",
      httpsProxy: "http://localhost:2",
      proxy: "http://localhost:3",
      noProxy: "localhost",
    },
  );
});

Deno.test("an empty variable counts as missing", () => {
  assertEquals(readNpmEnvironment(new Map([["npm_config_registry", ""]])), {});
});
