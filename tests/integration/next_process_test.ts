// Nothing of a request is found in the process that serves the next one: isolation "process".

import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { localWorker } from "../../api/pool/process/local_worker.ts";
import { createWorkerClient } from "../../api/recognition/worker_client.ts";
import {
  PROCESSES_PATH,
  processUrl,
  processWorkerName,
  readFreeProcesses,
} from "../../shared/contract/pod_processes.ts";
import { type FakeTokenKeys, fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { signWorkerToken } from "../../shared/http/worker_token.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { listProcesses } from "../support/list_processes.ts";
import { needs } from "../support/needs.ts";
import { type Picture, sample } from "../support/pictures.ts";
import { searchMemory } from "../support/process_memory.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const POD = "pod-1";

/** Runs a supervisor with one process. */
class Supervisor implements AsyncDisposable {
  readonly service: Service;
  readonly #keys: FakeTokenKeys;

  private constructor(service: Service, keys: FakeTokenKeys) {
    this.service = service;
    this.#keys = keys;
  }

  static async start(env: Readonly<Record<string, string>>): Promise<Supervisor> {
    const keys = fakeTokenKeys();
    const worker = localWorker(Deno.env);
    const service = new Service({
      ...worker.env,
      WORKER_NAME: POD,
      WORKER_TOKEN_PUBLIC_KEYS: keys.publicPem,
      PROCESSES_PER_POD: "1",
      ...env,
    }, [
      "run",
      "-q",
      "--frozen",
      "--cached-only",
      "-P=supervisor",
      `--allow-run=${Deno.execPath()}`,
      "supervisor/main.ts",
    ]);
    const supervisor = new Supervisor(service, keys);
    await service.untilReady();
    return supervisor;
  }

  /** Returns the pid of the only process. */
  async process(): Promise<number> {
    let pid: number | undefined;
    await eventually(async () => {
      const own = (await listProcesses()).filter(({ parent }) => parent === this.service.pid);
      pid = own[0]?.pid;
      return own.length === 1;
    }, "there is one process");
    return pid!;
  }

  /** Waits until a process is free, and returns its name. */
  async free(): Promise<string> {
    const token = signWorkerToken(this.#keys.signing, POD);
    const response = await fetch(new URL(PROCESSES_PATH, this.service.url), {
      headers: { Authorization: `Bearer ${token}` },
    });
    for await (const line of response.body!.pipeThrough(new TextDecoderStream())) {
      const [name] = readFreeProcesses(line.trim()) ?? [];
      if (name !== undefined) return name;
    }
    throw new Error("The supervisor takes no more requests");
  }

  async recognise(image: Picture): Promise<void> {
    const process = await this.free();
    const worker = {
      name: processWorkerName(POD, process),
      url: processUrl(this.service.url, process),
    };
    await using client = createWorkerClient(() => this.#keys.signing);
    const result = await client.authenticate(
      worker,
      { image, userId: undefined },
      "request",
      forever(),
    );
    assert(result.kind === "answer" && result.answer.matched, JSON.stringify(result));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

/** Returns what the descriptors of a process are: the numbers of pipes and sockets do not count. */
async function descriptors(pid: number): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => undefined);
    if (target !== undefined) kinds.push(target.replace(/\[\d+\]$/, ""));
  }
  return kinds.toSorted();
}

/** Returns a picture as it was sent, and its pixels. */
async function formsOf(image: Picture): Promise<Map<string, Uint8Array[]>> {
  const pixels = await sharp(image).removeAlpha().toColourspace("srgb").raw().toBuffer();
  return new Map([["picture", [image]], ["pixels", [new Uint8Array(pixels)]]]);
}

needs("memory")(
  "nothing of a request is found in the next process: no descriptor, file or byte of the picture",
  async () => {
    await using folder = await temporaryFolder({});
    await using supervisor = await Supervisor.start({ TMPDIR: folder.root });
    const image = await sample("user1_similar.png");
    const first = await supervisor.process();
    const before = await descriptors(first);
    for (let i = 0; i < 3; i++) await supervisor.recognise(image);
    await supervisor.free();
    const next = await supervisor.process();
    assert(next !== first);
    const search = await searchMemory(next, await formsOf(image));
    assert(search.bytes > 100e6, `${search.bytes} bytes`);
    assertEquals(search.found, []);
    assertEquals(await descriptors(next), before);
    assertEquals([...Deno.readDirSync(folder.root)], []);
  },
);

needs("memory")(
  "the same search finds the picture in a process that serves several requests",
  async () => {
    await using supervisor = await Supervisor.start({ REQUESTS_PER_WORKER: "10" });
    const image = await sample("user1_similar.png");
    const first = await supervisor.process();
    await supervisor.recognise(image);
    assertEquals(await supervisor.process(), first);
    assertEquals((await searchMemory(first, await formsOf(image))).found.length > 0, true);
  },
);
