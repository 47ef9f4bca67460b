// Tests that no route of the api, a worker, a supervisor and the gallery service takes input that it does not declare.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { createFakeApp } from "../../api/fake_app.ts";
import { createGalleryApp } from "../../gallery/app.ts";
import { createGalleryMetrics } from "../../gallery/metrics.ts";
import { ProblemBodySchema } from "../../shared/contract/contract.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { createSupervisorApp } from "../../supervisor/app.ts";
import { PodProcesses } from "../../supervisor/pod_processes.ts";
import { createWorkerApp } from "../../worker/app.ts";

interface TestedApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

const SERVICE = {
  log: createFakeLog().log,
  now: () => 0,
  newRequestId: () => "request-1",
};

/** Misspellings of user_id, and names that other languages and tools make of it. */
const UNKNOWN = [
  ...["userid", "userId", "user", "User_Id", "USER_ID", "user-id", "user_id%5B%5D", "user_id[]"],
  ...[
    "user_id[0]",
    "user_id.",
    "+user_id",
    "user_id+",
    "user_id%00",
    "%EF%BB%BFuser_id",
    "u%73erid",
  ],
  ...["userid", "uid", "id", "", "__proto__", "constructor", "toString", "hasOwnProperty", "%20"],
  ...["us%D0%B5r_id", "user%C2%AD_id", "api_key", "x".repeat(3000)],
];

const worker = (answersWith: "authenticate" | "embed"): TestedApp =>
  createWorkerApp({
    ...SERVICE,
    verifyToken: () => Promise.resolve(),
    requestsPerWorker: 1,
    maxImageBytes: 1000,
    bodyTimeoutMs: 1000,
    answersWith,
    recognition: () => undefined,
    models: () => undefined,
    seal: () => [],
    onUsed() {},
  });

const supervisor = (answersWith: "authenticate" | "embed"): TestedApp =>
  createSupervisorApp({
    ...SERVICE,
    name: "pod",
    answersWith,
    processes: new PodProcesses({
      ...SERVICE,
      pod: "pod",
      size: 1,
      requestsPerWorker: 1,
      requestsPerPod: 1,
      startsAtOnce: 2,
      launch: () => Promise.reject(new Error("Not reached")),
      random: () => 0,
    }),
    verifyToken: () => Promise.reject(new Error("Not reached")),
    requestTimeoutMs: 1000,
  });

const realApps = (): Record<string, TestedApp> => ({
  api: createFakeApp().app,
  worker: worker("authenticate"),
  "worker for the gallery service": worker("embed"),
  supervisor: supervisor("authenticate"),
  "supervisor for the gallery service": supervisor("embed"),
  gallery: createGalleryApp({
    ...SERVICE,
    verifyToken: () => Promise.reject(new Error("Not reached")),
    gallery: () => undefined,
    storeAnswers: () => true,
    bodyTimeoutMs: 1000,
    answerTimeoutMs: 1000,
    metrics: createGalleryMetrics(),
  }),
});

/** Returns a path that has the pattern of a route. */
function exampleOf(pattern: string): string {
  const path = pattern.replaceAll(/:\w+/g, "x");
  assertEquals(path.match(/[:*{]/), null, pattern);
  return path;
}

async function assertRefused(response: Response, detail: string, about: string): Promise<void> {
  const problem = ProblemBodySchema.parse(await response.json());
  assertEquals([problem.code, response.status], ["invalid_request", 400], about);
  assertStringIncludes(problem.detail, detail, about);
}

Deno.test("every route of all services refuses every unknown query parameter", async () => {
  let tried = 0;
  for (const [name, { fetch, routes }] of Object.entries(realApps())) {
    for (const { method, path } of routes) {
      // Middleware for all paths is no route.
      if (path === "/*") continue;
      for (const unknown of UNKNOWN) {
        const request = new Request(`http://test${exampleOf(path)}?${unknown}=x`, {
          method: method === "ALL" ? "POST" : method,
        });
        const response = await fetch(request);
        // A path's middleware also runs for other methods, which have no route: 405.
        if (method === "ALL" && response.status === 405) continue;
        await assertRefused(response, "Unknown query parameter", `${name} ${method} ${path}`);
        tried++;
      }
    }
  }
  assertEquals(tried > 20 * UNKNOWN.length, true, `${tried}`);
});

Deno.test("every route that declares no body refuses one", async () => {
  for (const { fetch, routes } of Object.values(realApps())) {
    for (const { method, path } of routes.filter(({ method }) => method === "GET")) {
      for (const header of [{ "Content-Length": "20" }, { "Transfer-Encoding": "chunked" }]) {
        const response = await fetch(
          new Request(`http://test${exampleOf(path)}`, { method, headers: header as HeadersInit }),
        );
        await assertRefused(response, "takes no request body", path);
      }
    }
  }
});
