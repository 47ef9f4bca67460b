/** Settings of the supervisor: the process that runs the workers of a pod with ISOLATION=process. */

import { integer, SETTINGS } from "../setting.ts";
import { MAX_PROCESSES } from "./pod_processes.ts";
import { WORKER_ENV } from "./worker_env.ts";

/** Settings that must have the same value in the api and in the supervisors. */
export const PROCESSES_ENV = {
  PROCESSES_PER_POD: integer(1, MAX_PROCESSES).default(4).register(SETTINGS, {
    description:
      "number of worker processes that a pod keeps ready with ISOLATION=process; it is also the number of requests that the pod serves at the same time",
    chartValue: "processes.perPod",
  }),
} as const;

/** Settings that only the supervisor has. */
export const SUPERVISOR_OWN_ENV = {
  REQUESTS_PER_POD: integer(1, 1_000_000).default(100).register(SETTINGS, {
    description:
      "number of requests that a pod serves with ISOLATION=process before it is destroyed, each in a process of its own",
    chartValue: "processes.requestsPerPod",
  }),
} as const;

/** All settings of the supervisor: those of its worker processes belong to them. */
export const SUPERVISOR_ENV = {
  ...WORKER_ENV,
  ...PROCESSES_ENV,
  ...SUPERVISOR_OWN_ENV,
} as const;

/** Names of the variables that the supervisor reads. */
export const SUPERVISOR_ENV_NAMES: readonly string[] = Object.keys(SUPERVISOR_ENV);
