/** Settings of the api. */

import { z } from "zod";
import { POLICY_ENV, THRESHOLD_ENV } from "../shared/contract/face_policy.ts";
import { AGREED_ENV, SERVICE_ENV } from "../shared/contract/service_env.ts";
import { PROCESSES_ENV } from "../shared/contract/supervisor_env.ts";
import { choice, flag, integer, list, SETTINGS } from "../shared/setting.ts";
import { isLoopback, parseHostName } from "./callers/allowed_hosts.ts";
import { parseOrigin } from "./callers/allowed_origins.ts";
import { parseNetwork } from "./callers/client_address.ts";

/** An address with https, or with http on this machine. Others could change keys on their way. */
function secureUrl(): z.ZodType<string, string> {
  return z.string().refine((text) => {
    const url = URL.parse(text);
    return url?.protocol === "https:" || url?.protocol === "http:" && isLoopback(url.hostname);
  }, "must be an https address");
}

/**
 * An address with http and nothing behind the port. The api's own connections have no TLS, and neither
 * has the gallery service.
 */
function serviceUrl(): z.ZodType<string, string> {
  return z.string().refine((text) => {
    const url = URL.parse(text);
    return url?.protocol === "http:" && url.href === `${url.origin}/`;
  }, "must be an address such as http://face-it-gallery:8080");
}

/** Settings that the api has with both kinds of pool. */
export const API_ENV = {
  POOL: choice("kubernetes", "process").optional().register(SETTINGS, {
    description: "process: worker processes on this machine. kubernetes: pods",
    shownDefault: "process; in a cluster kubernetes",
  }),
  POOL_SIZE: integer(1, 64).default(4).register(SETTINGS, {
    description: "number of worker processes; each needs about 200 MB of memory",
  }),
  REQUEST_TIMEOUT_MS: integer(1, 3_600_000).default(10_000).register(SETTINGS, {
    description: "longest time in milliseconds until a request is answered, including all waiting",
    chartValue: "limits.requestTimeoutMs",
  }),
  QUEUE_LIMIT: integer(0, 100_000).default(64).register(SETTINGS, {
    description: "number of requests that may wait for a worker; further requests are refused",
    chartValue: "limits.queueLimit",
  }),
  QUEUE_BYTES: integer(1, 100_000_000_000).default(256 * 1024 * 1024).register(SETTINGS, {
    description:
      "limit in bytes on the received bodies of all requests together; each request counts as 256 KiB more than its body",
    chartValue: "limits.queueBytes",
  }),
  ALLOWED_HOSTS: list(parseHostName, "must be host names without ports, separated by commas")
    .optional().register(SETTINGS, {
      description:
        "host names, separated by commas, under which clients may call the service; [which hosts and sites may call](http.md#which-hosts-and-sites-may-call)",
      shownDefault:
        "localhost, 127.0.0.1 and [::1] when HOST is a loopback address, otherwise every name",
    }),
  ALLOWED_ORIGINS: list(
    parseOrigin,
    "must be origins such as https://app.example.org, separated by commas",
  ).optional().register(SETTINGS, {
    description:
      "origins, separated by commas, of other web sites whose pages may call the service; [which hosts and sites may call](http.md#which-hosts-and-sites-may-call)",
    shownDefault: "none",
  }),
  API_KEYS_PATH: z.string().optional().register(SETTINGS, {
    description: "file with the callers' keys; [who may call](http.md#who-may-call)",
    shownDefault: "none",
  }),
  JWT_ISSUER: z.string().optional().register(SETTINGS, {
    description: "claim iss of the tokens that are accepted; [tokens](http.md#tokens-of-an-issuer)",
    shownDefault: "none: tokens are not accepted",
  }),
  JWT_AUDIENCE: z.string().optional().register(SETTINGS, {
    description: "claim aud of these tokens; required with JWT_ISSUER",
    shownDefault: "none",
  }),
  JWT_KEYS_URL: secureUrl().optional().register(SETTINGS, {
    description:
      "address of the issuer's public keys (JWKS), with https, or with http on a loopback address; required with JWT_ISSUER",
    shownDefault: "none",
  }),
  JWT_SCOPE_CLAIM: z.string().default("scope").register(SETTINGS, {
    description: "claim with the scopes: a text with spaces, or a list",
  }),
  JWT_COLLECTION_CLAIM: z.string().default("collection").register(SETTINGS, {
    description: "claim with the collection of users; without the claim, it is default",
  }),
  ALLOW_ANONYMOUS: flag().default(false).register(SETTINGS, {
    description:
      "true: POST /authenticate needs no key; required without API_KEYS_PATH and JWT_ISSUER, unless HOST is a loopback address",
    chartValue: "api.allowAnonymous",
  }),
  REQUESTS_PER_ADDRESS: integer(1, 1_000_000).optional().register(SETTINGS, {
    description:
      "number of requests that a client address may send to this replica in a minute; [limits](http.md#limits-on-the-number-of-requests)",
    shownDefault: "no limit",
  }),
  TRUSTED_PROXIES: list(
    parseNetwork,
    "must be networks such as 10.0.0.0/8, separated by commas",
  ).optional().register(SETTINGS, {
    description:
      "networks, separated by commas, of the proxies whose X-Forwarded-For tells the client's address; [limits](http.md#limits-on-the-number-of-requests)",
    shownDefault: "none",
  }),
} as const;

/** Settings of the api that decide which process holds the gallery. */
export const GALLERY_PLACE_ENV = {
  GALLERY_MODE: choice("service", "workers").optional().register(SETTINGS, {
    description:
      "service: the gallery service holds the gallery. workers: each worker holds the gallery, a file; there are then no routes for users",
    shownDefault:
      "service with POOL=process and without EMBEDDINGS_PATH, or with GALLERY_URL; otherwise workers",
  }),
  GALLERY_URL: serviceUrl().optional().register(SETTINGS, {
    description:
      "address of the gallery service, such as http://face-it-gallery:8080; required with GALLERY_MODE=service in a cluster",
    shownDefault: "none: with POOL=process the api starts the gallery service itself",
  }),
  DATA_DIR: z.string().optional().register(SETTINGS, {
    description:
      "folder in which a gallery service that the api starts keeps its users and its keys",
    shownDefault: "the folder `data` of the checkout",
  }),
} as const;

/** Labels as `name=value` pairs. One of them is status=ready, the label that a claim changes. */
const Selector = z.string()
  .regex(/^[\w./-]+=[\w.-]+(,[\w./-]+=[\w.-]+)*$/, "must be name=value pairs, separated by commas")
  .transform((text): Record<string, string> =>
    Object.fromEntries(text.split(",").map((label) => label.split("=")))
  )
  .refine((labels) => labels["status"] === "ready", "must contain status=ready")
  .refine((labels) => Object.keys(labels).length > 1, "must contain a label besides status=ready");

/** Settings of the pool of pods. */
export const KUBERNETES_ENV = {
  KUBERNETES_SERVICE_HOST: z.string().optional().register(SETTINGS, {
    description: "tells the api that it runs in a pod: the default of POOL is then kubernetes",
    shownDefault: "set by Kubernetes",
  }),
  WORKER_NAMESPACE: z.string().default("face-it-workers").register(SETTINGS, {
    description: "namespace of the workers' pods",
  }),
  WORKER_SELECTOR: z.string().default("app=face-recognition-worker,status=ready").pipe(Selector)
    .register(SETTINGS, {
      description:
        "labels of the pods that may be claimed: status=ready, which a claim changes, and at least one more",
    }),
  WORKER_PORT: integer(1, 65_535).default(8080).register(SETTINGS, {
    description: "port that a worker listens on",
  }),
  POOL_OWNER: z.string().default("face-it-pool").register(SETTINGS, {
    description:
      "name of the ConfigMap in WORKER_NAMESPACE that owns claimed pods; deleting the ConfigMap deletes these pods",
  }),
  LEASE_MAX_MS: integer(1, 86_400_000).default(300_000).register(SETTINGS, {
    description:
      "longest time in milliseconds to keep a worker; must be at least REQUEST_TIMEOUT_MS, and twice as much with ISOLATION=process; has no effect with ISOLATION=pod when REQUESTS_PER_WORKER is 1",
    chartValue: "leaseMaxMs",
  }),
  ISOLATION: choice("pod", "process").default("pod").register(SETTINGS, {
    description:
      "pod: a worker is a pod. process: a worker is a process in a pod that a supervisor runs; [isolation](kubernetes.md#isolation-by-processes)",
    chartValue: "isolation",
  }),
  ...PROCESSES_ENV,
  MAX_CLAIMED_PODS: integer(1, 10_000).default(16).register(SETTINGS, {
    description:
      "number of pods that this replica keeps claimed with ISOLATION=process; further requests wait for a process in one of them",
    shownDefault: "16; the chart sets it to poolSize",
  }),
  WORKER_TOKEN_PRIVATE_KEYS_PATH: z.string().optional().register(SETTINGS, {
    description: "file with the private Ed25519 keys that sign calls to workers, in PEM",
    shownDefault: "none: this or WORKER_TOKEN_PRIVATE_KEYS must be set",
  }),
  WORKER_TOKEN_PRIVATE_KEYS: z.string().optional().register(SETTINGS, {
    description: "the keys themselves instead of a file",
    shownDefault: "none",
  }),
} as const;

/** All settings of the api. */
export const ALL_API_ENV = {
  ...SERVICE_ENV,
  ...AGREED_ENV,
  ...POLICY_ENV,
  ...THRESHOLD_ENV,
  ...API_ENV,
  ...GALLERY_PLACE_ENV,
  ...KUBERNETES_ENV,
} as const;

/** Names of the variables that the api reads. */
export const API_ENV_NAMES: readonly string[] = Object.keys(ALL_API_ENV);
