/**
 * Refuses requests that a web page sends without the operator's permission. Programs that are not
 * browsers are not affected. docs/http.md describes the rules.
 */

import type { Context, Hono } from "hono";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { authoritiesOf, ipOf, parseAuthority } from "../../shared/http/authority.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { isLoopback } from "./allowed_hosts.ts";
import { readOrigin } from "./allowed_origins.ts";

/** The callers that the operator allows. */
export interface AllowedCallers {
  /** Host names under which the service answers. undefined: every name. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Origins of other sites whose pages may call the service. */
  readonly origins: ReadonlySet<string>;
}

/** The health checks have no personal data. Kubelets and load balancers call them by any name. */
const HEALTH_CHECKS: ReadonlySet<string> = new Set(["/health", "/ready"]);
/** Prometheus calls this path by the address of each pod. */
const METRICS = "/metrics";
/** Paths that other sites may link to. They are the same for everybody. */
const PAGES: ReadonlySet<string> = new Set(["/", "/docs", "/openapi.json"]);
const PAGE_FILES = "/page/";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS = `Authorization, Content-Type, If-None-Match, ${REQUEST_ID_HEADER}`;
const RESPONSE_HEADERS =
  `Allow, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, ${REQUEST_ID_HEADER}`;
const PREFLIGHT_SECONDS = "600";

/**
 * Lets pages of the allowed origins read every response, errors included. Call this before all other
 * middleware is added.
 */
export function letOriginsRead(app: Hono<ServiceEnv>, { origins }: AllowedCallers): void {
  if (origins.size === 0) return;
  app.use(async (c, next) => {
    await next();
    c.res.headers.append("Vary", "Origin");
    const origin = c.req.header("Origin");
    if (origin === undefined || !origins.has(origin)) return;
    c.res.headers.set("Access-Control-Allow-Origin", origin);
    c.res.headers.set("Access-Control-Expose-Headers", RESPONSE_HEADERS);
  });
}

/**
 * Checks host and origin of every request. All paths are checked, except for the few that this file
 * lists. Call this before any route is added.
 */
export function checkCallers(app: Hono<ServiceEnv>, callers: AllowedCallers): void {
  app.use(async (c, next) => {
    if (!hasAllowedHost(c, callers)) {
      throw new Problem(
        "unknown_host",
        "The service does not answer under this host name. " +
          "Its operator can add the name to ALLOWED_HOSTS",
      );
    }
    if (isFromAnotherSite(c, callers) && !isPage(c) && !HEALTH_CHECKS.has(c.req.path)) {
      throw new Problem(
        "forbidden_origin",
        "Pages of other sites may not call the service. " +
          "Its operator can add the page's origin to ALLOWED_ORIGINS",
      );
    }
    if (isPreflight(c, callers)) {
      // No header permits private networks: a browser that asks for this does not send the request.
      return c.body(null, 204, {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": PREFLIGHT_SECONDS,
      });
    }
    return await next();
  });
}

function hasAllowedHost(c: Context<ServiceEnv>, { hosts }: AllowedCallers): boolean {
  const { path, raw } = c.req;
  if (hosts === undefined || HEALTH_CHECKS.has(path)) return true;
  return authoritiesOf(raw).every((text) => {
    const hostname = parseAuthority(text)?.hostname;
    if (hostname === undefined) return false;
    // A site can let its name point to this service, but it cannot make a browser send an address.
    return hosts.has(hostname) || path === METRICS && ipOf(hostname) !== undefined;
  });
}

function isPage({ req: { method, path } }: Context<ServiceEnv>): boolean {
  return (method === "GET" || method === "HEAD") &&
    (PAGES.has(path) || path.startsWith(PAGE_FILES));
}

/** True when a page of another site sends the request, and the operator has not allowed that site. */
function isFromAnotherSite(c: Context<ServiceEnv>, { origins }: AllowedCallers): boolean {
  const origin = c.req.header("Origin");
  if (origin !== undefined && origins.has(origin)) return false;
  // Browsers set this header, and pages cannot. "none": the user has typed the address.
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  if (origin === undefined || isOwn(origin, c.req.raw)) return false;
  // A proxy may have changed the host of the request. Then the browser knows more than the service.
  return !(site === "same-origin" && isTrustworthy(origin));
}

/**
 * True for an origin with HTTPS or on the user's own machine. No site can bring its name to such an
 * address (DNS rebinding). Browsers send Sec-Fetch-Site to no other address, so with another origin
 * the two headers contradict each other.
 */
function isTrustworthy(text: string): boolean {
  const origin = readOrigin(text);
  if (origin === undefined) return false;
  if (origin.protocol === "https:") return true;
  const hostname = parseAuthority(origin.host)?.hostname;
  return hostname !== undefined && isLoopback(hostname);
}

/**
 * True when a page's origin is the host that the request goes to. The service does not know if a
 * proxy in front of it speaks HTTPS, so it accepts both protocols.
 */
function isOwn(text: string, request: Request): boolean {
  const origin = readOrigin(text);
  if (origin === undefined) return false;
  const own = parseAuthority(origin.host, origin.protocol);
  return authoritiesOf(request).every((authority) => {
    const host = parseAuthority(authority, origin.protocol);
    return host !== undefined && host.hostname === own?.hostname && host.port === own.port;
  });
}

/** True when a browser asks if a page of an allowed origin may send a request. */
function isPreflight(c: Context<ServiceEnv>, { origins }: AllowedCallers): boolean {
  return c.req.method === "OPTIONS" && origins.has(c.req.header("Origin") ?? "") &&
    c.req.header("Access-Control-Request-Method") !== undefined;
}
