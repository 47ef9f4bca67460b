/** A thread that is older than the seal. It attacks when it is told to. */

import { Attacker } from "./attacks.ts";

const thread = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: () => Promise<void>;
};
const attacker = new Attacker();
thread.onmessage = async () => thread.postMessage(await attacker.attack());
thread.postMessage("ready");
