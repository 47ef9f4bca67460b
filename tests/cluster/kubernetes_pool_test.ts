import { testPoolContract } from "../contract/pool_contract.ts";
import { openKubernetesBackend } from "./kubernetes_backend.ts";
import { clusterTest } from "./test_cluster.ts";

testPoolContract("kubernetes pool", openKubernetesBackend, clusterTest);
