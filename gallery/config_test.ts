import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/env.ts";
import { readGalleryConfig } from "./config.ts";
import { DEFAULT_TRIES } from "./store/tries_policy.ts";
import { DEFAULT_POLICY } from "../shared/contract/fake_policy.ts";

const REQUIRED = {
  GALLERY_STORE: "/data",
  TEMPLATE_KEYS_PATH: "/keys/template",
  GALLERY_TOKEN_PUBLIC_KEYS_PATH: "/keys/public.pem",
};

const read = (env: Readonly<Record<string, string>>) =>
  readGalleryConfig(new Map(Object.entries(env)));

Deno.test("the settings that must be set are enough", () => {
  assertEquals(read(REQUIRED), {
    host: "127.0.0.1",
    port: 8080,
    log: { level: "info", format: "auto", service: "gallery" },
    store: "/data",
    templateKeysPath: "/keys/template",
    tokenKeys: { path: "/keys/public.pem" },
    match: { on: "confidence", threshold: 0.7 },
    policy: DEFAULT_POLICY,
    tries: DEFAULT_TRIES,
    calibrationPath: undefined,
    bodyTimeoutMs: 5000,
    requireConsent: false,
    auditKeptMs: 30 * 24 * 60 * 60 * 1000,
    exitOnStdinEof: false,
  });
});

Deno.test("every setting is read", () => {
  assertEquals(
    read({
      HOST: "::",
      PORT: "0",
      LOG_LEVEL: "debug",
      LOG_FORMAT: "json",
      BODY_TIMEOUT_MS: "7",
      GALLERY_STORE: "postgres://gallery@db/gallery",
      TEMPLATE_KEYS_PATH: "/k",
      GALLERY_TOKEN_PUBLIC_KEYS: "PEM",
      REQUIRE_CONSENT: "true",
      AUDIT_KEPT_DAYS: "1",
      MATCH_ON: "cosine",
      MATCH_THRESHOLD: "0.4",
      MODEL_CALIBRATION: "/c.json",
      TRIES_FREE: "3",
      TRIES_WAIT_SECONDS: "60",
      TRIES_LOCK_AFTER: "20",
      TRIES_USER_LOCK_AFTER: "90",
      TRIES_SEARCHES: "0",
      EXIT_ON_STDIN_EOF: "true",
      LIVENESS: "observe",
      LIVENESS_THRESHOLD: "0.5",
      QUALITY: "off",
    }),
    {
      host: "::",
      port: 0,
      log: { level: "debug", format: "json", service: "gallery" },
      store: "postgres://gallery@db/gallery",
      templateKeysPath: "/k",
      tokenKeys: { text: "PEM" },
      match: { on: "cosine", threshold: 0.4 },
      policy: { liveness: "observe", livenessThreshold: 0.5, quality: "off" },
      tries: {
        free: 3,
        waitMs: 60_000,
        lockAfter: 20,
        userLockAfter: 90,
        searches: undefined,
      },
      calibrationPath: "/c.json",
      bodyTimeoutMs: 7,
      requireConsent: true,
      auditKeptMs: 24 * 60 * 60 * 1000,
      exitOnStdinEof: true,
    },
  );
});

Deno.test("a missing setting is named", () => {
  for (const name of Object.keys(REQUIRED)) {
    const error = assertThrows(() => read({ ...REQUIRED, [name]: "" }), ConfigError);
    assertEquals(error.message.includes(name.replace("_PATH", "")), true, error.message);
  }
});
