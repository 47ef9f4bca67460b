import { assert, assertEquals } from "@std/assert";
import { TRIES_ENV_NAMES } from "../../shared/contract/gallery_env.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { localGalleryCommand } from "./local_gallery_command.ts";

const command = (env: Record<string, string>) =>
  localGalleryCommand(new Map(Object.entries(env)), { logFormat: "json", publicKeys: "keys" });

/** Returns the value of an option; undefined without it. */
const option = (args: readonly string[], name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`--allow-${name}=`))?.split("=")[1];

Deno.test("a local gallery may use its data folder and the loopback address, and nothing else", () => {
  const { args, env } = command({ DATA_DIR: "/data,1", AWS_SECRET_ACCESS_KEY: "secret" });
  const own = "/data,,1/gallery,/data,,1";
  assertEquals(option(args, "write"), own);
  assertEquals(option(args, "read"), `${own},/data,,1/template-keys,${LOCAL_PATHS.gallery}`);
  assertEquals(option(args, "net"), "127.0.0.1");
  assertEquals(env["GALLERY_STORE"], "/data,1/gallery");
  assertEquals(env["TEMPLATE_KEYS_PATH"], "/data,1/template-keys");
  assertEquals([env["HOST"], env["PORT"], env["EXIT_ON_STDIN_EOF"]], ["127.0.0.1", "0", "true"]);
  assert(!JSON.stringify([args, env]).includes("secret"));
});

Deno.test("settings of the decision are passed on, and an empty one counts as missing", () => {
  const decision = {
    MATCH_ON: "cosine",
    MATCH_THRESHOLD: "0.4",
    MODEL_CALIBRATION: "/c.json",
    ...Object.fromEntries(TRIES_ENV_NAMES.map((name) => [name, "7"])),
  };
  assertEquals(TRIES_ENV_NAMES.length, 5);
  const { args, env } = command({ ...decision, BODY_TIMEOUT_MS: "", LOG_LEVEL: "info" });
  for (const [name, value] of Object.entries(decision)) assertEquals(env[name], value);
  assertEquals([env["BODY_TIMEOUT_MS"], env["LOG_LEVEL"]], [undefined, "warn"]);
  assert(option(args, "read")!.endsWith(",/c.json"));
});

Deno.test("a gallery with PostgreSQL may connect to its database, and writes no file", () => {
  const store = { GALLERY_STORE: "postgres://a:b@db/g", TEMPLATE_KEYS_PATH: "/keys" };
  const { args, env } = command(store);
  // The permission set has the network. Its folder does not exist on a laptop.
  assertEquals([option(args, "net"), option(args, "write")], [undefined, undefined]);
  assertEquals(option(args, "read"), `/keys,${LOCAL_PATHS.gallery}`);
  assertEquals(env["GALLERY_STORE"], store.GALLERY_STORE);
  assert(!args.join(" ").includes("postgres:"), "the password is visible in the command line");
});
