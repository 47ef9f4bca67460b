import { assertEquals } from "@std/assert";
import { z } from "zod";
import { parseEnv } from "../env.ts";
import { AGREED_ENV, SERVICE_ENV } from "./service_env.ts";

Deno.test("each shared setting of the api and the worker has a default", () => {
  assertEquals(parseEnv(z.object({ ...SERVICE_ENV, ...AGREED_ENV }), new Map()), {
    HOST: "127.0.0.1",
    PORT: 8080,
    LOG_LEVEL: "info",
    LOG_FORMAT: "auto",
    MAX_IMAGE_BYTES: 10_485_760,
    MAX_IMAGE_PIXELS: 51_000_000,
    BODY_TIMEOUT_MS: 5000,
    REQUESTS_PER_WORKER: 1,
  });
});
