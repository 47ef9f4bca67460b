/**
 * Refuses requests of callers that may not use a route. A route is closed to everybody until it
 * declares its scopes with `allows`.
 */

import type { Context, Hono, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { Problem } from "../../shared/contract/problem.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { clientAddress, type IsTrusted } from "./client_address.ts";
import { enforceRates } from "./enforce_rates.ts";
import type { IdentifyCaller } from "./identify_caller.ts";
import type { Quota, Rates } from "./rates.ts";
import type { Caller, Scope } from "./scopes.ts";

/** Settings and services that decide which callers may do what. */
export interface Access {
  readonly identify: IdentifyCaller;
  /** Scopes that no key is needed for. */
  readonly withoutKey: readonly Scope[];
  readonly rates: Rates;
  /** True for the address of a proxy whose X-Forwarded-For is believed. */
  readonly isTrustedProxy: IsTrusted;
}

/** The callers that may use a route: everybody, or those with at least one of the scopes. */
export type Allowed = "everybody" | readonly [Scope, ...Scope[]];

const declared = new WeakMap<object, Allowed>();
const callers = new WeakMap<Request, Caller>();

/** Declares which callers may use a route. It must be the first handler of the route. */
export function allows(allowed: Allowed): MiddlewareHandler<ServiceEnv> {
  const handler: MiddlewareHandler<ServiceEnv> = (_c, next) => next();
  declared.set(handler, allowed);
  return handler;
}

/** Returns the callers that a handler of a route declares, undefined when it declares none. */
export function allowedBy(handler: object): Allowed | undefined {
  return declared.get(handler);
}

/** Returns the caller of a request that {@linkcode checkScopes} has let pass. */
export function callerOf(c: Context<ServiceEnv>): Caller {
  const caller = callers.get(c.req.raw);
  if (caller === undefined) throw new TypeError("This route is open to everybody");
  return caller;
}

/**
 * Checks the caller of every request that has a route, before its body is read. Call this before any
 * route is added.
 */
export function checkScopes(app: Hono<ServiceEnv>, access: Access): void {
  app.use(async (c, next) => {
    // Middleware is registered for all methods. Without a route, the answer is 404 or 405.
    const needed = neededScopes(matchedRoutes(c).filter(({ method }) => method !== "ALL"));
    if (needed.length === 0) return await next();
    const quotas: Quota[] = [];
    const ofAddress = await countAddress(c, access);
    if (ofAddress !== undefined) {
      quotas.push(ofAddress);
      enforceRates(c, quotas);
    }
    const caller = await identifyOrChallenge(c, access);
    callers.set(c.req.raw, caller);
    if (caller.id !== undefined) c.get("event")["key"] = caller.id;
    if (caller.id !== undefined && caller.ratePerMinute !== undefined) {
      quotas.push(await access.rates.ofKey(caller.id, caller.ratePerMinute));
      enforceRates(c, quotas);
    }
    for (const scopes of needed) {
      if (!scopes.some((scope) => caller.scopes.has(scope))) refuse(c, caller, scopes);
    }
    await next();
  });
}

/**
 * Returns lists of scopes. A caller needs one scope of each list. An empty list is for a route that
 * no caller may use.
 *
 * Several routes can match one request, such as /users/me and /users/:id. Any of them may answer it, so
 * the declarations of all of them count. Each route must declare its scopes before its other handlers.
 */
function neededScopes(
  handlers: readonly { readonly path: string; readonly handler: object }[],
): (readonly Scope[])[] {
  return handlers.flatMap(({ path, handler }, i): (readonly Scope[])[] => {
    const allowed = declared.get(handler);
    if (allowed === "everybody") return [];
    if (allowed !== undefined) return [allowed];
    return path === handlers[i - 1]?.path ? [] : [[]];
  });
}

/**
 * Refuses the request unless its caller has the scope. A route calls this when the scope that a
 * request needs depends on its parameters.
 *
 * @throws {Problem} `forbidden_scope`, or `unauthorized` for a caller without a key
 */
export function assertScope(c: Context<ServiceEnv>, scope: Scope): void {
  const caller = callerOf(c);
  if (!caller.scopes.has(scope)) refuse(c, caller, [scope]);
}

async function countAddress(
  c: Context<ServiceEnv>,
  { rates, isTrustedProxy }: Access,
): Promise<Quota | undefined> {
  const { remoteAddr } = (c.env ?? {}) as Partial<Deno.ServeHandlerInfo>;
  // A test without a socket has no address.
  if (remoteAddr === undefined || !("hostname" in remoteAddr)) return undefined;
  const forwardedFor = c.req.header("X-Forwarded-For");
  return await rates.ofAddress(clientAddress(remoteAddr.hostname, forwardedFor, isTrustedProxy));
}

async function identifyOrChallenge(
  c: Context<ServiceEnv>,
  { identify }: Access,
): Promise<Caller> {
  try {
    return await identify(c.req.raw);
  } catch (error) {
    if (error instanceof Problem && error.code === "unauthorized") {
      challenge(c, ...c.req.header("Authorization") === undefined ? [] : ['error="invalid_token"']);
    }
    throw error;
  }
}

function refuse(c: Context<ServiceEnv>, caller: Caller, scopes: readonly Scope[]): never {
  if (scopes.length === 0) {
    throw new Problem("forbidden_scope", "No key may use this path");
  }
  const names = scopes.join(" or ");
  if (caller.id === undefined) {
    challenge(c);
    throw new Problem(
      "unauthorized",
      `Send a key with the scope ${names}, as Authorization: Bearer KEY`,
    );
  }
  challenge(c, 'error="insufficient_scope"', `scope="${scopes[0]}"`);
  throw new Problem("forbidden_scope", `The key needs the scope ${names}`);
}

/** Adds the header that every 401 must have (RFC 9110), in the form of RFC 6750. */
function challenge(c: Context<ServiceEnv>, ...parameters: readonly string[]): void {
  c.header("WWW-Authenticate", `Bearer ${['realm="face-it"', ...parameters].join(", ")}`);
}
