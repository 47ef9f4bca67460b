/**
 * Loads ONNX Runtime as its vendor ships it, with its telemetry on, and waits. Only for a process
 * that cannot open sockets: tests/integration/privacy_test.ts.
 */

import * as ort from "onnxruntime-node";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";

await ort.InferenceSession.create(await Deno.readFile(LOCAL_PATHS.detector));
console.log("loaded");
setInterval(() => {}, 60_000);
