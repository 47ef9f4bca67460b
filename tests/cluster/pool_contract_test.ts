import { testPoolContract } from "../contract/pool_contract.ts";
import { needs } from "../support/needs.ts";
import { openKubernetesBackend, openProcessesBackend } from "./kubernetes_backend.ts";

testPoolContract("kubernetes pool", openKubernetesBackend, needs("helm", "cluster"));
testPoolContract(
  "kubernetes pool of processes",
  openProcessesBackend,
  needs("helm", "cluster"),
);
