/** Settings that the api and the worker both have. */

import { choice, integer, listenAddress, SETTINGS } from "../setting.ts";

/** Settings that may differ between the api and the worker. */
export const SERVICE_ENV = {
  HOST: listenAddress().default("127.0.0.1").register(SETTINGS, {
    description:
      "IP address to listen on, or localhost; 0.0.0.0 listens on all IPv4 addresses, :: on all addresses",
    shownDefault: "127.0.0.1; in the images ::",
    chartValue: "listenAddress",
  }),
  PORT: integer(0, 65_535).default(8080).register(SETTINGS, {
    description: "port to listen on; 0 takes any free port",
  }),
  LOG_LEVEL: choice("debug", "info", "warn", "error", "silent").default("info").register(SETTINGS, {
    description: "debug, info, warn, error or silent",
    chartValue: "logLevel",
  }),
  LOG_FORMAT: choice("auto", "json", "pretty").default("auto").register(SETTINGS, {
    description: "json, pretty, or auto: pretty when standard error is a terminal",
  }),
  BODY_TIMEOUT_MS: integer(1, 3_600_000).default(5000).register(SETTINGS, {
    description: "milliseconds in which the body of a request must arrive",
    chartValue: "limits.bodyTimeoutMs",
  }),
} as const;

/** Settings that must have the same value in the api and in its workers. */
export const AGREED_ENV = {
  MAX_IMAGE_BYTES: integer(1, 1_000_000_000).default(10 * 1024 * 1024).register(SETTINGS, {
    description: "largest size of a picture in bytes",
    chartValue: "limits.maxImageBytes",
  }),
  MAX_IMAGE_PIXELS: integer(1, 1_000_000_000).default(51_000_000).register(SETTINGS, {
    description:
      "largest number of pixels of a picture; pictures that need more memory count as larger: [http.md](http.md#errors)",
    chartValue: "limits.maxImagePixels",
  }),
  REQUESTS_PER_WORKER: integer(1, 1_000_000).default(1).register(SETTINGS, {
    description:
      "number of requests that a worker serves before it is destroyed; a higher number is faster, but isolates requests less",
    chartValue: "requestsPerWorker",
  }),
} as const;
