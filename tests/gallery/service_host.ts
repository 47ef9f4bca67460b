/** Replicas of the gallery service for the property test: apps without sockets, or processes. */

import { signGalleryToken } from "../../shared/http/gallery_token.ts";
import { installFake, UNLIMITED } from "../../gallery/fake_gallery.ts";
import { installGallery, UNLIMITED_TRIES } from "../support/gallery_service.ts";
import type { PostgresServer } from "../support/postgres.ts";
import type { ServiceHost } from "./service_property.ts";

/**
 * Makes two apps that share one store in this process.
 *
 * @param location Location of the store; a new folder by default
 */
export async function hostApps(location?: string): Promise<ServiceHost> {
  const installation = await installFake({
    tries: UNLIMITED,
    ...location !== undefined && { location },
  });
  const { clock, keys } = installation;
  const replicas = [await installation.replica(), await installation.replica()] as const;
  return {
    now: () => clock.now,
    wait: (ms) => void (clock.now += ms),
    replicas: replicas.length,
    sign: (call) => signGalleryToken(keys.signing, call.claims, clock.now),
    send: (replica, call, token) => replicas[replica]!.call(call, `Bearer ${token}`),
    kill: () => Promise.reject(new Error("Apps cannot be killed")),
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

/**
 * Starts processes: one on SQLite, or two on PostgreSQL.
 *
 * @param server Is killed, too
 */
export async function hostProcesses(server?: PostgresServer): Promise<ServiceHost> {
  const gallery = await installGallery(await server?.newDatabase());
  const env = { MATCH_ON: "cosine", MATCH_THRESHOLD: "0.5", ...UNLIMITED_TRIES };
  const start = () => gallery.start(env);
  const services = server === undefined ? [start()] : [start(), start()];
  const untilReady = () => Promise.all(services.map((service) => service.untilReady()));
  await untilReady();
  return {
    now: Date.now,
    wait: undefined,
    replicas: services.length,
    sign: (call) => gallery.sign(call),
    async send(replica, call, token) {
      const { status, text } = await gallery.send(services[replica]!, call, token);
      return { status, body: text === "" ? undefined : JSON.parse(text) };
    },
    async kill(what) {
      if (server !== undefined && what >= services.length) {
        await server.kill();
        await server.restart();
      } else {
        const i = what % services.length;
        const killed = services[i]!;
        killed.kill("SIGKILL");
        await killed.exitCode();
        await killed.leavesNothing();
        services[i] = start();
      }
      await untilReady();
    },
    async [Symbol.asyncDispose]() {
      for (const service of services) await service[Symbol.asyncDispose]();
      await gallery[Symbol.asyncDispose]();
    },
  };
}
