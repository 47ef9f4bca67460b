/** The supervisor's HTTP app: one port for all processes of the pod. */

import { Hono } from "hono";
import type { z } from "zod";
import { AuthenticateQuerySchema } from "../shared/contract/contract.ts";
import { EmbedQuerySchema } from "../shared/contract/observed_face.ts";
import { PROCESSES_PATH } from "../shared/contract/pod_processes.ts";
import { Problem } from "../shared/contract/problem.ts";
import { SEAL_PARTS } from "../shared/contract/worker_seal.ts";
import { BodyEndedEarly } from "../shared/http/read_body.ts";
import { takes } from "../shared/http/route_input.ts";
import {
  installService,
  refuseOtherMethods,
  type RegisteredRoute,
  type ServiceDeps,
  type ServiceEnv,
} from "../shared/http/service.ts";
import { describeError } from "../shared/log.ts";
import { forward } from "./forward.ts";
import type { PodProcesses } from "./pod_processes.ts";

/** Dependencies of the app. */
export interface SupervisorAppDeps extends ServiceDeps {
  /**
   * Checks an Authorization header.
   *
   * @param name Audience of the token: the pod, or a process in it
   * @throws {Problem} `unauthorized` for a header without a valid token
   */
  readonly verifyToken: (name: string, authorization: string | undefined) => Promise<void>;
  /** Name of the pod. */
  readonly name: string;
  readonly answersWith: "authenticate" | "embed";
  readonly processes: PodProcesses;
  /** Milliseconds after which a process that has not answered is ended. */
  readonly requestTimeoutMs: number;
}

/** The supervisor's app. */
export interface SupervisorApp {
  /** Answers a request. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** All routes. */
  readonly routes: readonly RegisteredRoute[];
}

const QUERIES = {
  authenticate: AuthenticateQuerySchema.pick({ user_id: true }),
  embed: EmbedQuerySchema,
} satisfies Record<SupervisorAppDeps["answersWith"], z.ZodObject>;

/** Every process has a complete seal: without one, it does not start. */
const SEAL = Object.fromEntries(SEAL_PARTS.map((part) => [part, true]));

/**
 * Makes the app: `GET /health`, `GET /ready`, `GET /processes`, `DELETE /processes/{name}`, and the
 * worker's route of each process below `/processes/{name}`.
 */
export function createSupervisorApp(deps: SupervisorAppDeps): SupervisorApp {
  const { processes, answersWith, verifyToken } = deps;
  const app = new Hono<ServiceEnv>();
  installService(app, deps);

  app.get("/health", (c) => c.json({ status: "ok" }));

  app.get("/ready", (c) => {
    const { isReady } = processes;
    return c.json({ status: isReady ? "ok" : "unavailable", seal: SEAL }, isReady ? 200 : 503);
  });

  app.get(PROCESSES_PATH, async (c) => {
    await verifyToken(deps.name, c.req.header("Authorization"));
    return c.body(freeProcesses(processes), 200, { "Content-Type": "application/jsonl" });
  });

  app.delete(`${PROCESSES_PATH}/:process`, async (c) => {
    const process = c.req.param("process");
    await verifyProcess(process, c.req.header("Authorization"));
    processes.end(process);
    return c.body(null, 204);
  });

  app.post(
    `${PROCESSES_PATH}/:process/${answersWith}`,
    takes({ query: QUERIES[answersWith], body: true }),
    async (c) => {
      const process = c.req.param("process");
      const url = await verifyProcess(process, c.req.header("Authorization"));
      const done = processes.take(process);
      if (done === undefined) throw new Problem("worker_used", "The process serves no request now");
      const { search } = new URL(c.req.raw.url);
      let isGood = false;
      using cleanup = new DisposableStack();
      cleanup.defer(() => done(isGood));
      const signal = AbortSignal.any([
        c.req.raw.signal,
        AbortSignal.timeout(deps.requestTimeoutMs),
      ]);
      try {
        const response = await forward(c.req.raw, new URL(`${answersWith}${search}`, url), signal);
        isGood = response.status < 500;
        return response;
      } catch (cause) {
        c.req.raw.signal.throwIfAborted();
        if (signal.aborted) {
          throw new Problem("deadline_exceeded", "The process has not answered in time");
        }
        if (cause instanceof BodyEndedEarly) {
          c.get("event")["outcome"] = "client_gone";
          throw cause;
        }
        // A process that was ended from outside has done nothing wrong.
        if (processes.find(process) !== undefined) {
          processes.distrust(`${process} failed: ${describeError(cause)}`);
        }
        throw new Problem("worker_failed", "The process failed before it answered", { cause });
      }
    },
  );
  refuseOtherMethods(app);

  /** Returns the address of a process. */
  async function verifyProcess(process: string, authorization: string | undefined): Promise<URL> {
    const found = processes.find(process);
    if (found === undefined) throw new Problem("worker_used", "There is no such process");
    await verifyToken(found.name, authorization);
    return found.url;
  }

  return { fetch: app.fetch, routes: app.routes };
}

/** Writes a line with the free processes now and after each change: FreeProcessesSchema. */
function freeProcesses(processes: PodProcesses): ReadableStream<Uint8Array<ArrayBuffer>> {
  const gone = new AbortController();
  const changes = processes.changes(gone.signal);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await changes.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify({ free: value })}\n`));
    },
    cancel: () => gone.abort(),
  });
}
